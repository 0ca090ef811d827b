//! Files that come in another order than their days.

use super::*;

/// A's line, and a stranger's of the day after; both were transferred on the first day, and a teller told of each then. Nothing
/// is A's but the line with the code, whichever file came first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_names_no_line_of_a_later_day_before_its_own_day_is_shown() {
    let house = House::with_bank().await;
    let told: [Said; 2] = [(1, A), (1, Nobody)];
    let mut played = Vec::new();
    for (nth, order) in orders(0, 5).into_iter().enumerate() {
        let at = |what: usize| order.iter().position(|s| *s == Sight::Told(what));
        // 0 and 1 are told of; 2 the day before, 3 the first and 4 the second are files
        if at(4) > at(3) {
            continue;
        }
        let number = format!("67{nth:08}");
        house.had_account(&number).await;
        let (a, b) = (asked(&house, AMOUNT).await, asked(&house, AMOUNT).await);
        let lines = vec![vec![(1, A)], vec![(2, Nobody)]];
        let case = Case { house: &house, number, references: References::None, a, b, lines };
        for sight in &order {
            match sight {
                Sight::Told(2) => case.file(0, 0, &[]).await,
                Sight::Told(3) => case.stated(0).await,
                Sight::Told(4) => case.stated(1).await,
                Sight::Told(nth) | Sight::File(nth) => case.told(*nth, told[*nth]).await,
            }
        }
        case.file(9, 2 * AMOUNT, &[]).await;
        played.push((case, order));
    }
    house.drain().await;
    let expected = ["2: 1 A, 0 B", "unidentified", "0 in transit", "0 waiting", "paid open"];
    let mut wrong = Vec::new();
    for (case, order) in &played {
        let books = case.books().await;
        if books != expected {
            wrong.push(format!("{order:?}: {books:?}"));
        }
    }
    assert!(wrong.is_empty() && played.len() == 60, "{} of {}:\n{}", wrong.len(), played.len(), wrong.join("\n"));
    house.close().await;
}
