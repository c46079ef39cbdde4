//! The search for few things that suffice.

/// Attempts to leave one of the things out again.
const REMOVALS: usize = 6;

/// Looks for a small subset of `count` ranked things that suffices: the shortest beginning of the
/// ranking, by doubling and halving, without those that turn out not to be needed, of which a few are
/// tried. The last subset for which `suffices` says so is the one found. Whether there is one.
///
/// # Errors
/// The first error of `suffices`.
pub(super) fn smallest<E>(
    count: usize,
    suffices: &mut impl FnMut(&[usize]) -> Result<bool, E>,
) -> Result<bool, E> {
    let beginning = |length: usize| (0..length).collect::<Vec<usize>>();
    if count == 0 {
        return Ok(false);
    }
    let (mut fails, mut enough) = (0, 1);
    while !suffices(&beginning(enough))? {
        if enough == count {
            return Ok(false);
        }
        fails = enough;
        enough = (enough * 2).min(count);
    }
    while enough - fails > 1 {
        let middle = fails.midpoint(enough);
        match suffices(&beginning(middle))? {
            true => enough = middle,
            false => fails = middle,
        }
    }
    let mut chosen = beginning(enough);
    let candidates = (0..enough.saturating_sub(1)).rev().take(REMOVALS);
    for candidate in candidates {
        let fewer: Vec<usize> = chosen
            .iter()
            .copied()
            .filter(|&rank| rank != candidate)
            .collect();
        if suffices(&fewer)? {
            chosen = fewer;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last subset that suffices when all of `needed` have to be in it.
    fn found(count: usize, needed: &[usize]) -> (bool, Vec<usize>, usize) {
        let (mut last, mut trials) = (Vec::new(), 0);
        let result = smallest(count, &mut |chosen: &[usize]| {
            trials += 1;
            let suffices = needed.iter().all(|rank| chosen.contains(rank));
            if suffices {
                last = chosen.to_vec();
            }
            Ok::<bool, ()>(suffices)
        });
        (result.unwrap(), last, trials)
    }

    #[test]
    fn the_shortest_beginning_without_what_is_not_needed() {
        assert_eq!(found(64, &[0, 1, 2]).1, [0, 1, 2]);
        assert_eq!(found(64, &[0]), (true, vec![0], 1));
        assert_eq!(found(64, &[0, 3, 6]).1, [0, 3, 6]);
        // Of a long beginning only the end is thinned.
        assert_eq!(found(64, &[9]).1, [0, 1, 2, 9]);
        let (met, _, trials) = found(200, &[0, 199]);
        assert!(met);
        assert!(trials <= 9 + 7 + REMOVALS, "{trials}");
    }

    #[test]
    fn what_cannot_be_met_is_said_after_the_whole() {
        assert_eq!(found(10, &[11]), (false, Vec::new(), 5));
        assert_eq!(found(1, &[1]), (false, Vec::new(), 1));
        assert_eq!(found(0, &[]), (false, Vec::new(), 0));
    }
}
