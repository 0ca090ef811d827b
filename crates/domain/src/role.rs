//! What a person is for, and what that lets them do. A key of a person may do what its scopes and its holder's roles both
//! allow, so a role that is taken away is taken from every key at once.

use crate::principal::Scope;
use crate::states::words;

words! {
    /// One person may have several.
    Role {
        Viewer = "viewer", Clerk = "clerk", Accountant = "accountant", Approver = "approver",
        Administrator = "administrator",
    }
}

impl Role {
    /// Staff scopes of the role. An approver proposes nothing: who only decides never meets a proposal of their own, and an
    /// office too small for that gives somebody both roles, where the rule of the second person still stands. An
    /// administrator sets things up and moves no money.
    pub const fn scopes(self) -> &'static [Scope] {
        match self {
            Self::Viewer => &[Scope::ReportsRead],
            Self::Clerk => &[Scope::RefundsPropose, Scope::CounterWrite, Scope::ReportsRead],
            Self::Accountant => &[
                Scope::StatementsWrite,
                Scope::CasesWrite,
                Scope::RefundsPropose,
                Scope::CounterWrite,
                Scope::ReportsRead,
                Scope::DaysClose,
            ],
            Self::Approver => &[Scope::ReportsRead, Scope::ApprovalsDecide],
            Self::Administrator => &[Scope::ReportsRead, Scope::Admin],
        }
    }
}

/// Whether any of these roles allows it.
pub fn allow(roles: &[Role], scope: Scope) -> bool {
    roles.iter().any(|role| role.scopes().contains(&scope))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_is_exactly_these_scopes() {
        let table: Vec<String> = Role::ALL
            .iter()
            .map(|role| {
                let mut scopes: Vec<&str> = role.scopes().iter().map(|s| s.as_str()).collect();
                scopes.sort_unstable();
                format!("{role}: {}", scopes.join(" "))
            })
            .collect();
        assert_eq!(
            table,
            [
                "viewer: reports:read",
                "clerk: counter:write refunds:propose reports:read",
                "accountant: cases:write counter:write days:close refunds:propose reports:read statements:write",
                "approver: approvals:decide reports:read",
                "administrator: admin reports:read",
            ]
        );
    }

    #[test]
    fn roles_are_made_of_staff_scopes_and_each_staff_scope_is_in_one() {
        for role in Role::ALL {
            assert!(role.scopes().iter().all(|scope| Scope::STAFF.contains(scope)), "{role}");
        }
        for &scope in Scope::STAFF {
            assert!(allow(Role::ALL, scope), "{scope}");
            assert!(!allow(&[], scope), "{scope}");
        }
    }

    #[test]
    fn whoever_decides_proposes_nothing_and_whoever_administers_moves_no_money() {
        let decides = |role: &&Role| role.scopes().contains(&Scope::ApprovalsDecide);
        let writes = [Scope::RefundsPropose, Scope::CounterWrite, Scope::CasesWrite, Scope::StatementsWrite];
        for role in Role::ALL.iter().filter(decides).chain([&Role::Administrator]) {
            assert!(writes.iter().all(|scope| !role.scopes().contains(scope)), "{role}");
        }
    }
}
