//! What stands around every page of the desk: who is there, where they may go, how they leave.

use crate::staff::Staff;
use crate::words;
use domain::principal::Scope;

/// A place of the desk.
pub(crate) struct Place {
    pub path: &'static str,
    pub name: &'static str,
    pub here: bool,
}

pub(crate) struct Frame {
    pub name: String,
    pub roles: String,
    /// Whose money they see.
    pub sees: String,
    pub form: String,
    pub sandbox: bool,
    pub places: Vec<Place>,
    /// What came of the press that led here.
    pub done: Option<&'static str>,
    /// They may show anew at their identity provider who they are, and come back here.
    pub anew: Option<String>,
    /// They have: the next decision asks for no code.
    pub is_fresh: bool,
}

/// Path, name, and what lets a person go there.
const PLACES: &[(&str, &str, &[Scope])] = &[
    ("/console", "Hôm nay", &[Scope::ReportsRead]),
    ("/console/search", "Tìm kiếm", &[Scope::ReportsRead]),
    ("/console/cases", "Chênh lệch", &[Scope::ReportsRead, Scope::CasesWrite]),
    ("/console/approvals", "Phê duyệt", &[Scope::ApprovalsDecide, Scope::ReportsRead, Scope::RefundsPropose]),
    ("/console/days", "Khóa sổ ngày", &[Scope::ReportsRead]),
    ("/console/remittances", "Nộp ngân sách", &[Scope::ReportsRead]),
    ("/console/receipts", "Biên lai", &[Scope::ReportsRead]),
    ("/console/reports", "Báo cáo", &[Scope::ReportsRead]),
    ("/console/statements", "Sao kê", &[Scope::ReportsRead, Scope::StatementsWrite]),
    ("/console/admin", "Quản trị", &[Scope::Admin]),
];

impl Frame {
    pub fn of(staff: &Staff, here: &str) -> Self {
        let may = |scopes: &[Scope]| scopes.iter().any(|scope| staff.may(*scope));
        let places = PLACES.iter().filter(|(_, _, scopes)| may(scopes));
        let places = places.map(|&(path, name, _)| Place { path, name, here: path == here }).collect();
        let roles: Vec<&str> = staff.roles.iter().map(|role| words::role(role.as_str())).collect();
        let sees =
            if staff.beneficiaries.is_empty() { "mọi đơn vị".to_owned() } else { staff.beneficiaries.join(", ") };
        Self {
            name: staff.name.clone(),
            roles: roles.join(", "),
            sees,
            form: staff.token.of_forms(),
            sandbox: staff.sandbox,
            places,
            done: None,
            anew: (staff.is_outside && !staff.is_fresh).then(|| staff.address.clone()),
            is_fresh: staff.is_fresh,
        }
    }
}
