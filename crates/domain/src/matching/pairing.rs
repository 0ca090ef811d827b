//! Pairs that are certain: those which hold in every way of pairing as many as can be. Pure.

/// For each of the one side what it has of the other in one largest pairing, where it has one of that kind in every largest one;
/// None where it may have one of another kind, or none. `fits`: for each, what it may be paired with; `kinds`: of each of the
/// other side, of which those of one kind may stand in for each other.
pub fn certain<K: PartialEq>(fits: &[Vec<usize>], kinds: &[K]) -> Vec<Option<usize>> {
    let pairing = Pairing::largest(fits, kinds.len());
    let is_certain = |one: usize, has: usize| {
        !pairing.may_be_left(one) && !pairing.may_have(one, |other| kinds.get(other) != kinds.get(has))
    };
    let pairs = pairing.other_of.iter().enumerate();
    pairs.map(|(one, has)| has.filter(|has| is_certain(one, *has))).collect()
}

/// For each of the one side whether all that hangs together with it, over what they may be paired with, `is_over`.
pub fn closed(fits: &[Vec<usize>], is_over: &[bool]) -> Vec<bool> {
    let mut is_over = is_over.to_vec();
    loop {
        let closed: Vec<bool> = fits.iter().map(|others| others.iter().all(|other| is_over[*other])).collect();
        let open = fits.iter().zip(&closed).filter(|(_, closed)| !**closed).flat_map(|(others, _)| others);
        let open: Vec<usize> = open.copied().filter(|other| is_over[*other]).collect();
        if open.is_empty() {
            return closed;
        }
        for other in open {
            is_over[other] = false;
        }
    }
}

/// A way of pairing.
#[derive(Clone)]
struct Pairing<'f> {
    fits: &'f [Vec<usize>],
    other_of: Vec<Option<usize>>,
    one_of: Vec<Option<usize>>,
}

impl<'f> Pairing<'f> {
    /// One as large as can be, by augmenting paths.
    fn largest(fits: &'f [Vec<usize>], others: usize) -> Self {
        let mut pairing = Self { fits, other_of: vec![None; fits.len()], one_of: vec![None; others] };
        for one in 0..fits.len() {
            pairing.find(one, &mut vec![false; others]);
        }
        pairing
    }

    fn find(&mut self, one: usize, seen: &mut [bool]) -> bool {
        for &other in &self.fits[one] {
            if !std::mem::replace(&mut seen[other], true)
                && self.one_of[other].is_none_or(|holder| self.find(holder, seen))
            {
                self.pair(one, other);
                return true;
            }
        }
        false
    }

    fn pair(&mut self, one: usize, other: usize) {
        (self.one_of[other], self.other_of[one]) = (Some(one), Some(other));
    }

    fn without(&self, one: usize) -> Self {
        let mut rest = self.clone();
        if let Some(other) = rest.other_of[one].take() {
            rest.one_of[other] = None;
        }
        rest
    }

    /// Whether as many can be paired without this one.
    fn may_be_left(&self, one: usize) -> bool {
        let mut rest = self.without(one);
        let mut seen = vec![false; self.one_of.len()];
        let left: Vec<usize> =
            (0..self.fits.len()).filter(|other| *other != one && self.other_of[*other].is_none()).collect();
        left.into_iter().any(|other| rest.find(other, &mut seen))
    }

    /// Whether as many can be paired where this one has one of these.
    fn may_have(&self, one: usize, is_of: impl Fn(usize) -> bool) -> bool {
        let wanted = self.fits[one].iter().copied().filter(|other| is_of(*other));
        wanted.into_iter().any(|other| {
            let mut rest = self.without(one);
            let Some(holder) = rest.one_of[other] else { return true };
            rest.other_of[holder] = None;
            rest.pair(one, other);
            let mut seen = vec![false; self.one_of.len()];
            seen[other] = true;
            rest.find(holder, &mut seen)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn alone(fits: &[Vec<usize>], others: usize) -> Vec<Option<usize>> {
        certain(fits, &(0..others).collect::<Vec<_>>())
    }

    #[test]
    fn a_pair_is_certain_where_the_rest_can_be_paired_no_other_way() {
        assert_eq!(alone(&[vec![0]], 1), [Some(0)]);
        assert_eq!(alone(&[vec![0], vec![0]], 1), [None, None], "either of two");
        assert_eq!(alone(&[vec![0, 1]], 2), [None], "with either of two");
        assert_eq!(alone(&[vec![0], vec![0, 1]], 2), [Some(0), Some(1)], "one can be nothing else");
        assert_eq!(alone(&[vec![0, 1], vec![0, 1]], 2), [None, None], "either way round");
        assert_eq!(alone(&[vec![0], vec![0, 1], vec![1, 2, 3]], 4), [Some(0), Some(1), None]);
        assert_eq!(alone(&[vec![0], vec![0, 1], vec![1]], 2), [None, None, None], "one too many, any of them");
        assert_eq!(alone(&[], 1), []);
    }

    #[test]
    fn those_of_one_kind_stand_in_for_each_other() {
        let either = [vec![0, 1], vec![0, 1]];
        assert_eq!(
            certain(&either, &["A", "A"]).into_iter().flatten().collect::<BTreeSet<_>>(),
            BTreeSet::from([0, 1])
        );
        assert_eq!(certain(&either, &["A", "B"]), [None, None]);
        assert_eq!(certain(&[vec![0, 1]], &["A", "A"]).into_iter().flatten().count(), 1);
        assert_eq!(certain(&[vec![0, 1], vec![0, 1], vec![0, 1]], &["A", "A"]), [None, None, None], "one is nobody's");
    }

    #[test]
    fn what_hangs_together_with_something_open_is_open() {
        let fits = [vec![0], vec![0, 1], vec![1, 2], vec![3], vec![]];
        assert_eq!(closed(&fits, &[true; 4]), [true; 5]);
        assert_eq!(closed(&fits, &[true, true, false, true]), [false, false, false, true, true]);
    }

    /// All largest pairings, by trying.
    fn all_largest(fits: &[Vec<usize>]) -> Vec<Vec<Option<usize>>> {
        let mut all: Vec<Vec<Option<usize>>> = vec![Vec::new()];
        for others in fits {
            let next = |way: Vec<Option<usize>>| {
                let free: Vec<_> = others.iter().map(|o| Some(*o)).filter(|o| !way.contains(o)).chain([None]).collect();
                free.into_iter().map(move |o| [way.as_slice(), &[o]].concat()).collect::<Vec<_>>()
            };
            all = all.into_iter().flat_map(next).collect();
        }
        let size = |way: &Vec<Option<usize>>| way.iter().flatten().count();
        let largest = all.iter().map(size).max().unwrap_or_default();
        all.into_iter().filter(|way| size(way) == largest).collect()
    }

    proptest! {
        #[test]
        fn what_is_certain_is_of_that_kind_in_every_largest_pairing_and_nothing_else_is(
            fits in prop::collection::vec(prop::collection::btree_set(0_usize..5, 0..4), 0..6),
            kinds in prop::collection::vec(0_u8..4, 5),
        ) {
            let fits: Vec<Vec<usize>> = fits.into_iter().map(|of| of.into_iter().collect()).collect();
            let all = all_largest(&fits);
            let found = certain(&fits, &kinds);
            for (one, has) in found.iter().enumerate() {
                let ways: BTreeSet<Option<u8>> = all.iter().map(|way| way[one].map(|other| kinds[other])).collect();
                match has {
                    Some(other) => prop_assert_eq!(ways, BTreeSet::from([Some(kinds[*other])])),
                    None => prop_assert!(ways.len() > 1 || ways == BTreeSet::from([None])),
                }
            }
            let pairs: Vec<usize> = found.into_iter().flatten().collect();
            prop_assert_eq!(pairs.iter().collect::<BTreeSet<_>>().len(), pairs.len());
        }
    }
}
