//! What a person may do as an administrator says it, and which changes of it need a second person.
//!
//! | change | takes |
//! |---|---|
//! | a role that they did not have | two persons |
//! | a beneficiary that they did not see, or all in place of some | two persons |
//! | a disabled person is enabled | two persons |
//! | a role less, a beneficiary less, some in place of all, disabled | one, at once |
//! | some of the first three and some of the fourth | two persons, as a whole |
//!
//! A name is no right.

use crate::role::Role;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    pub roles: Vec<Role>,
    /// Whose money they see; empty: all.
    pub beneficiaries: Vec<String>,
    /// Not disabled.
    pub active: bool,
}

impl Rights {
    /// Whether these let somebody do anything that those before did not.
    pub fn widen(&self, before: &Self) -> bool {
        let role = self.roles.iter().any(|role| !before.roles.contains(role));
        let beneficiary = match (self.beneficiaries.as_slice(), before.beneficiaries.as_slice()) {
            (_, []) => false,
            ([], _) => true,
            (after, before) => after.iter().any(|code| !before.contains(code)),
        };
        role || beneficiary || (self.active && !before.active)
    }

    /// Whose money both are about; empty: all.
    pub fn reach_with(&self, other: &Self) -> Vec<String> {
        if self.beneficiaries.is_empty() || other.beneficiaries.is_empty() {
            return Vec::new();
        }
        let mut both = [self.beneficiaries.as_slice(), &other.beneficiaries].concat();
        both.sort_unstable();
        both.dedup();
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(roles: &[Role], beneficiaries: &[&str], active: bool) -> Rights {
        let beneficiaries = beneficiaries.iter().map(|code| (*code).to_owned()).collect();
        Rights { roles: roles.to_vec(), beneficiaries, active }
    }

    /// Whether somebody with these rights may do this, seen from outside: the definition that the shortcut must agree with.
    fn allows(r: &Rights, role: Role, beneficiary: &str) -> bool {
        r.active
            && r.roles.contains(&role)
            && (r.beneficiaries.is_empty() || r.beneficiaries.iter().any(|b| b == beneficiary))
    }

    fn all() -> Vec<Rights> {
        let roles: [&[Role]; 4] = [&[], &[Role::Clerk], &[Role::Approver], &[Role::Clerk, Role::Approver]];
        let codes: [&[&str]; 4] = [&[], &["A"], &["B"], &["A", "B"]];
        let each = |r: &[Role]| codes.map(|c| [true, false].map(|active| rights(r, c, active))).concat();
        roles.iter().flat_map(|r| each(r)).collect()
    }

    #[test]
    fn whatever_lets_somebody_do_more_widens() {
        for before in all() {
            for after in all() {
                let more = [Role::Clerk, Role::Approver].iter().any(|&role| {
                    // C is a beneficiary that nobody names: only "all" covers it
                    ["A", "B", "C"].iter().any(|b| allows(&after, role, b) && !allows(&before, role, b))
                });
                assert!(!more || after.widen(&before), "{before:?} to {after:?}");
            }
            assert!(!before.widen(&before), "{before:?}");
        }
    }

    #[test]
    fn what_only_takes_away_does_not_widen() {
        let before = rights(&[Role::Clerk, Role::Approver], &["A", "B"], true);
        for after in [
            rights(&[Role::Clerk], &["A", "B"], true),
            rights(&[], &["A", "B"], true),
            rights(&[Role::Approver, Role::Clerk], &["B"], true),
            rights(&[Role::Clerk, Role::Approver], &["B", "A"], false),
        ] {
            assert!(!after.widen(&before), "{after:?}");
        }
        assert!(!rights(&[], &["A"], true).widen(&rights(&[], &[], true)), "some in place of all");
        // and both at once is widening
        assert!(rights(&[Role::Clerk, Role::Viewer], &["A"], true).widen(&before));
        assert!(rights(&[Role::Clerk], &["A", "C"], true).widen(&before));
        assert!(rights(&[], &[], true).widen(&before));
    }

    #[test]
    fn a_change_is_about_everybody_whose_money_was_or_will_be_seen() {
        let (some, other) = (rights(&[], &["B", "A"], true), rights(&[], &["C", "B"], true));
        assert_eq!(some.reach_with(&other), ["A", "B", "C"]);
        assert!(some.reach_with(&rights(&[], &[], true)).is_empty());
    }
}
