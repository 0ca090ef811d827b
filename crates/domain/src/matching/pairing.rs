//! Pairs that are certain: those which hold in every way of pairing as many as can be. Pure.

use std::collections::BTreeSet;

/// For each of the one side that which it has of the other in every largest pairing; None where it may have another, or none.
/// `fits`: for each, what it may be paired with, of `others` in all. A pair that stands between two knots of pairs, each of which
/// could be tied otherwise, is not seen to be certain.
pub fn certain(fits: &[Vec<usize>], others: usize) -> Vec<Option<usize>> {
    let pairing = Pairing::largest(fits, others);
    let mut doubtful = pairing.beside_what_is_left();
    doubtful.extend(pairing.knots(&doubtful));
    (0..fits.len()).map(|one| pairing.other_of[one].filter(|_| !doubtful.contains(&one))).collect()
}

/// A way of pairing.
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
                (self.one_of[other], self.other_of[one]) = (Some(one), Some(other));
                return true;
            }
        }
        false
    }

    /// Those whose pair could be another's, or could be left, if what is left were paired in its place.
    fn beside_what_is_left(&self) -> BTreeSet<usize> {
        let mut doubtful: BTreeSet<usize> = BTreeSet::new();
        let mut look: Vec<usize> = (0..self.fits.len()).filter(|one| self.other_of[*one].is_none()).collect();
        while let Some(one) = look.pop() {
            let holders = self.fits[one].iter().filter_map(|other| self.one_of[*other]);
            look.extend(holders.filter(|holder| doubtful.insert(*holder)).collect::<Vec<_>>());
        }
        let mut look: Vec<usize> = (0..self.one_of.len()).filter(|other| self.one_of[*other].is_none()).collect();
        while let Some(other) = look.pop() {
            for one in (0..self.fits.len()).filter(|one| self.fits[*one].contains(&other)) {
                if self.one_of[other] != Some(one) && doubtful.insert(one) {
                    look.extend(self.other_of[one]);
                }
            }
        }
        doubtful
    }

    /// Those that could pass their pairs round, and what stands between two such.
    fn knots(&self, doubtful: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut left: BTreeSet<usize> =
            (0..self.fits.len()).filter(|one| self.other_of[*one].is_some() && !doubtful.contains(one)).collect();
        loop {
            let wants = |one: usize| {
                let holders = self.fits[one].iter().filter_map(|other| self.one_of[*other]);
                holders.filter(|holder| *holder != one && left.contains(holder)).collect::<Vec<_>>()
            };
            let wanted: BTreeSet<usize> = left.iter().flat_map(|one| wants(*one)).collect();
            let tied: BTreeSet<usize> =
                left.iter().copied().filter(|one| wanted.contains(one) && !wants(*one).is_empty()).collect();
            if tied.len() == left.len() {
                return left;
            }
            left = tied;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pair_is_certain_where_the_rest_can_be_paired_no_other_way() {
        assert_eq!(certain(&[vec![0]], 1), [Some(0)]);
        assert_eq!(certain(&[vec![0], vec![0]], 1), [None, None], "either of two");
        assert_eq!(certain(&[vec![0, 1]], 2), [None], "with either of two");
        assert_eq!(certain(&[vec![0], vec![0, 1]], 2), [Some(0), Some(1)], "one can be nothing else");
        assert_eq!(certain(&[vec![0, 1], vec![0, 1]], 2), [None, None], "either way round");
        assert_eq!(certain(&[vec![0], vec![0, 1], vec![1, 2, 3]], 4), [Some(0), Some(1), None]);
        assert_eq!(certain(&[vec![0], vec![0, 1], vec![1]], 2), [None, None, None], "one too many, any of them");
        assert_eq!(certain(&[], 1), []);
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
        fn what_is_certain_is_in_every_largest_pairing(
            fits in prop::collection::vec(prop::collection::btree_set(0_usize..5, 0..4), 0..6)
        ) {
            let fits: Vec<Vec<usize>> = fits.into_iter().map(|of| of.into_iter().collect()).collect();
            let all = all_largest(&fits);
            for (one, certain) in certain(&fits, 5).into_iter().enumerate() {
                let ways: BTreeSet<Option<usize>> = all.iter().map(|way| way[one]).collect();
                if let Some(other) = certain {
                    prop_assert_eq!(ways, BTreeSet::from([Some(other)]));
                } else if fits.len() < 4 && ways.len() == 1 {
                    prop_assert_eq!(ways, BTreeSet::from([None]), "so few hold no two knots");
                }
            }
        }
    }
}
