//! A few of many, from the first to the last: images of a folder come class by class.

/// At most `count` of the items, at equal distances.
pub(crate) fn evenly_spaced<T>(items: &[T], count: usize) -> impl ExactSizeIterator<Item = &T> {
    let count = items.len().min(count);
    (0..count).map(move |index| &items[index * items.len() / count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_from_everywhere() {
        let items: Vec<usize> = (0..96).collect();
        let chosen: Vec<usize> = evenly_spaced(&items, 32).copied().collect();
        assert_eq!(chosen.len(), 32);
        assert_eq!((chosen[0], chosen[1], chosen[31]), (0, 3, 93));
        assert_eq!(evenly_spaced(&items[..3], 32).len(), 3);
        assert_eq!(evenly_spaced(&items[..0], 32).len(), 0);
    }
}
