//! A few of many, from the first to the last: images of a folder come class by class.

/// At most `count` of the items, at equal distances.
pub(crate) fn evenly_spaced<T>(items: &[T], count: usize) -> impl ExactSizeIterator<Item = &T> {
    let count = items.len().min(count);
    (0..count).map(move |index| &items[index * items.len() / count])
}

/// All items, in an order whose beginnings come from everywhere, however long they are: that of van
/// der Corput, by halving distances.
pub(crate) fn from_everywhere<T>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut numbered: Vec<(usize, T)> = items.into_iter().enumerate().collect();
    numbered.sort_by_key(|(index, _)| index.reverse_bits());
    numbered.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_come_from_everywhere() {
        assert_eq!(from_everywhere(0..8), [0, 4, 2, 6, 1, 5, 3, 7]);
        let order = from_everywhere(0..48);
        for length in [4, 12, 16, 32] {
            let mut beginning = order[..length].to_vec();
            beginning.sort_unstable();
            let gaps = beginning.windows(2).map(|pair| pair[1] - pair[0]);
            assert!(gaps.max().unwrap() <= 2 * 48 / length, "{beginning:?}");
            assert!(
                beginning[length - 1] >= 47 - 2 * 48 / length,
                "{beginning:?}"
            );
        }
        let mut all = order;
        all.sort_unstable();
        assert_eq!(all, (0..48).collect::<Vec<_>>());
        assert!(from_everywhere(0..0).is_empty());
    }

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
