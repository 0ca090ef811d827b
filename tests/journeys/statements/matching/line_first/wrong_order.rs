//! Files that come in another order than their days.

use super::*;

/// A's line, and a stranger's of the day after; both were transferred on the first day, and a teller told of each then. Nothing
/// is A's but the line with the code, whichever file came first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_names_no_line_of_a_later_day_before_its_own_day_is_shown() {
    let house = House::with_bank().await;
    let told: [Said; 2] = [(1, A), (1, Nobody)];
    let mut played = Vec::new();
    for (nth, order) in orders(0, 5).into_iter().enumerate().filter(|(nth, _)| is_played(*nth)) {
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
    assert!(wrong.is_empty() && played.len() >= 15, "{} of {}:\n{}", wrong.len(), played.len(), wrong.join("\n"));
    house.close().await;
}

/// A stranger's line of the second day is in the books when its report of the first day comes; then A's line, which lost its code, and
/// A's report, both of the third day, in either order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_report_that_comes_after_its_line_takes_no_payers_line() {
    let house = House::with_bank().await;
    for (nth, is_told_first) in [false, true].into_iter().enumerate() {
        let number = format!("68{nth:08}");
        house.had_account(&number).await;
        let (a, b) = (asked(&house, AMOUNT).await, asked(&house, AMOUNT).await);
        let lines = vec![vec![(2, Nobody)], vec![(3, Nobody)]];
        let case = Case { house: &house, number, references: OfLines, a, b, lines };
        case.file(1, 0, &[]).await;
        case.stated(0).await;
        case.told(0, (1, Nobody)).await;
        if is_told_first {
            case.told(1, (3, A)).await;
        }
        case.stated(1).await;
        if !is_told_first {
            case.told(1, (3, A)).await;
        }
        case.file(9, 2 * AMOUNT, &[]).await;
        house.drain().await;
        let expected = ["2: 1 A, 0 B", "unidentified", "0 in transit", "0 waiting", "paid open"];
        assert_eq!(case.books().await, expected, "{is_told_first}");
    }
    house.close().await;
}
