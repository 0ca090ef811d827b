//! What stood in the files that the browser took away, as a reader of the test's own found it, against SQL over `assurance`.

use serde_json::Value;
use tests::House;

/// Report, head of the column, and the same of the books.
const SUMS: [(&str, &str, &str); 4] = [
    ("transactions", "Số đã nộp", "select sum(amount - reversed) from assurance.payment"),
    ("transactions", "Phí của cổng", "select sum(amount) from assurance.ledger_entry where account_code like 'fee:%'"),
    ("suspense", "Số tiền", "select -sum(amount) from assurance.ledger_entry where account_code like 'suspense:%'"),
    (
        "collections",
        "Số thực thu",
        "select -sum(amount) from assurance.ledger_entry where account_code like 'obligation:%'",
    ),
];

/// `opened`: of each report and form the sums of its columns by their heads, and the totals that stand below them.
pub async fn are_the_books(house: &House, opened: &Value) {
    for (report, head, sql) in SUMS {
        let books: i64 = house.ask(sql).await.parse().unwrap();
        assert_ne!(books, 0, "{report} {head} shows nothing");
        for form in ["csv", "xlsx"] {
            assert_eq!(opened[report][form]["sums"][head], books, "{report} {form}: {head}");
        }
        assert_eq!(opened[report]["xlsx"]["totals"][head], books, "{report}: {head}, as it stands below the rows");
    }
    let words = opened["transactions"]["pdf"]["words"].as_str().unwrap();
    let paid: i64 = house.ask(SUMS[0].2).await.parse().unwrap();
    let printed = domain::Vnd::new(paid).to_string();
    assert!(words.contains(printed.trim_end_matches(" ₫")), "{printed} is not printed: {words}");
}
