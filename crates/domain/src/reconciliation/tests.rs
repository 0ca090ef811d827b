//! A day that was told truly ties out, and each đồng that is told otherwise is named.

use super::*;
use proptest::prelude::*;

fn vnd(dong: i64) -> Vnd {
    Vnd::new(dong)
}

/// A day whose movements stand on statements in parts: as the bank tells it and as we booked it.
fn told(opening: i64, parts: &[Vec<i64>], late: i64) -> AccountDay {
    let mut day = AccountDay {
        books: Books { opening: vnd(opening - late), ..Books::default() },
        closed_before: vec![vnd(opening)],
        expects_statement: true,
        ..AccountDay::default()
    };
    let side = if late > 0 { &mut day.books.late_in } else { &mut day.books.late_out };
    *side = vnd(late.abs());
    let mut at = opening;
    for part in parts {
        let from = at;
        for &amount in part {
            at += amount;
            let (ours, theirs) = if amount > 0 {
                (&mut day.books.moved_in, &mut day.stated_in)
            } else {
                (&mut day.books.moved_out, &mut day.stated_out)
            };
            *ours = *ours + vnd(amount.abs());
            *theirs = *theirs + vnd(amount.abs());
        }
        day.pieces.push(Piece { opening: vnd(from), closing: vnd(at) });
    }
    day
}

fn movements() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let amount = prop_oneof![1_i64..2_000_000, -2_000_000_i64..0];
    prop::collection::vec(prop::collection::vec(amount, 0..6), 1..5)
}

proptest! {
    #[test]
    fn a_day_that_was_told_truly_ties_out(
        opening in 0_i64..1_000_000_000, parts in movements(), late in -1_000_i64..1_000, again in any::<bool>(),
        turn in 0_usize..5,
    ) {
        let mut day = told(opening, &parts, late);
        if again {
            // the whole day once more, in another format
            let whole = Piece { opening: vnd(opening), closing: day.books.closing() };
            day.pieces.push(whole);
        }
        let turn = turn % day.pieces.len();
        day.pieces.rotate_left(turn);
        prop_assert_eq!(day.gaps(), []);
    }

    #[test]
    fn one_amount_that_is_told_otherwise_is_a_gap(
        opening in 0_i64..1_000_000_000, parts in movements(), which in 0_usize..7, delta in 1_i64..1_000_000,
    ) {
        let mut day = told(opening, &parts, 0);
        let delta = vnd(delta);
        match which {
            0 => day.books.opening = day.books.opening + delta,
            1 => day.books.moved_in = day.books.moved_in + delta,
            2 => day.books.moved_out = day.books.moved_out + delta,
            3 => day.stated_in = day.stated_in + delta,
            4 => day.closed_before = vec![vnd(opening) + delta],
            5 => day.movements_open = delta,
            _ => {
                // a bank whose last statement closes elsewhere
                let last = day.pieces.len() - 1;
                day.pieces[last].closing = day.pieces[last].closing + vnd(1_000_000_000_000) + delta;
            }
        }
        prop_assert!(!day.gaps().is_empty());
    }

    #[test]
    fn a_provider_that_paid_what_it_took_ties_out_and_any_other_sum_does_not(
        amounts in prop::collection::vec(1_i64..1_000_000, 1..20), fee in 0_i64..1_000, which in 0_usize..7, delta in 1_i64..1_000,
    ) {
        let gross: i64 = amounts.iter().sum();
        let fee = fee.min(gross);
        let settled = Settled {
            gross: vnd(gross), fee: vnd(fee), refunds: Vnd::ZERO, net: vnd(gross - fee), lines: vnd(gross),
        };
        let books = Books { moved_in: vnd(gross), moved_out: vnd(gross), ..Books::default() };
        let day = ProfileDay { books, settled: Some(settled), paid_out: vnd(gross), booked_settled: vnd(gross), ..ProfileDay::default() };
        prop_assert_eq!(day.gaps(), []);
        let delta = vnd(delta);
        let mut wrong = day.clone();
        let mut file = settled;
        match which {
            0 => file.gross = file.gross + delta,
            1 => wrong.paid_out = wrong.paid_out + delta,
            2 => file.lines = file.lines + delta,
            3 => wrong.not_settled = delta,
            4 => wrong.lines_unknown = delta,
            5 => wrong.differing = (delta, delta + delta),
            _ => wrong.booked_settled = wrong.booked_settled - delta,
        }
        wrong.settled = Some(file);
        prop_assert!(!wrong.gaps().is_empty());
        wrong.settled = None;
        wrong.in_no_file = vnd(gross);
        prop_assert!(wrong.gaps().iter().any(|g| g.kind == GapKind::SettlementMissing));
    }
}

fn kinds(day: &AccountDay) -> Vec<GapKind> {
    day.gaps().iter().map(|g| g.kind).collect()
}

#[test]
fn a_day_without_a_statement_is_closed_only_where_none_was_to_come() {
    let quiet = AccountDay { books: Books { opening: vnd(500), ..Books::default() }, ..AccountDay::default() };
    assert_eq!(kinds(&quiet), []);
    let expected = AccountDay { expects_statement: true, ..quiet.clone() };
    assert_eq!(kinds(&expected), [GapKind::StatementMissing]);
    let proven = AccountDay { opened_after: vec![vnd(500)], ..expected.clone() };
    assert_eq!(kinds(&proven), []);
    let other = AccountDay { opened_after: vec![vnd(501)], ..expected };
    assert_eq!(kinds(&other), [GapKind::StatementMissing]);
    let moved = Books { moved_in: vnd(1), ..quiet.books };
    let moved = AccountDay { books: moved, stated_in: vnd(1), opened_after: vec![vnd(501)], ..quiet };
    assert_eq!(kinds(&moved), [GapKind::StatementMissing]);
}

#[test]
fn a_missing_statement_between_two_is_named() {
    let mut day = told(100, &[vec![50], vec![20], vec![30]], 0);
    day.pieces.remove(1);
    assert_eq!(kinds(&day), [GapKind::StatementGap]);
    let mut day = told(100, &[vec![50], vec![20]], 0);
    day.closed_before = vec![vnd(90)];
    let gap = Gap { kind: GapKind::StatementGap, ours: vnd(100), theirs: Some(vnd(90)) };
    assert_eq!(day.gaps(), [gap]);
    assert_eq!(gap.difference(), vnd(-10));
}

#[test]
fn a_part_that_the_whole_day_overtook_is_no_gap_unless_it_has_a_line_more() {
    let mut day = told(100, &[vec![50, 20]], 0);
    day.pieces.insert(0, Piece { opening: vnd(100), closing: vnd(150) });
    assert_eq!(day.gaps(), []);
    assert_eq!(shown_closing(&day.pieces, day.books.closing()), Some(vnd(170)));
    // a line of the part that is not in the whole is booked all the same
    day.books.moved_in = day.books.moved_in + vnd(5);
    day.stated_in = day.stated_in + vnd(5);
    assert_eq!(kinds(&day), [GapKind::ClosingDiffers]);
}

#[test]
fn two_parts_that_come_to_nothing_end_where_they_began_whichever_came_first() {
    let mut day = told(100, &[vec![50], vec![-50]], 0);
    for _ in 0..2 {
        assert_eq!(day.gaps(), []);
        assert_eq!(shown_closing(&day.pieces, day.books.closing()), Some(vnd(100)));
        day.pieces.reverse();
    }
}

fn piece(opening: i64, closing: i64, overtaken: Option<Overtaken>) -> Told {
    Told { piece: Piece { opening: vnd(opening), closing: vnd(closing) }, overtaken }
}

/// With what the day ends by these, where the books say `ours` and the next day begins with one of `after`.
fn ends(told: &[Told], after: &[i64], ours: i64) -> Vnd {
    let after: Vec<Vnd> = after.iter().copied().map(vnd).collect();
    shown_closing(&standing(told, &after, vnd(ours)), vnd(ours)).unwrap()
}

#[test]
fn a_piece_that_another_overtakes_says_nothing_of_the_end_whichever_came_first() {
    let mut told = [piece(500, 3_800, None), piece(500, 1_600, Some(Overtaken::ByCount))];
    for _ in 0..2 {
        assert_eq!(ends(&told, &[], 3_800), vnd(3_800));
        assert_eq!(ends(&told, &[3_800], 3_800), vnd(3_800));
        told.reverse();
    }
    // the later file has a line less than the first: the next day says that it is not a part, but a correction
    assert_eq!(ends(&told, &[1_600], 3_800), vnd(1_600));
}

#[test]
fn a_piece_that_may_go_on_from_a_day_that_came_to_nothing_is_overtaken_where_the_bank_or_the_next_day_says_so() {
    let told = |by| [piece(500, 500, None), piece(500, 20_500, Some(by))];
    assert_eq!(ends(&told(Overtaken::ByName), &[], 500), vnd(500));
    assert_eq!(ends(&told(Overtaken::ByCount), &[], 500), vnd(20_500));
    assert_eq!(ends(&told(Overtaken::ByCount), &[500], 500), vnd(500));
    for by in [Overtaken::ByName, Overtaken::ByCount] {
        assert_eq!(ends(&told(by), &[20_500], 500), vnd(20_500));
    }
}

#[test]
fn money_of_a_closed_day_that_came_late_is_no_difference() {
    let day = told(1_000, &[vec![200]], 300);
    assert_eq!((day.books.opening, day.books.closing()), (vnd(700), vnd(1_200)));
    assert_eq!(day.gaps(), []);
    assert_eq!(shown_closing(&day.pieces, day.books.closing()), Some(vnd(1_200)));
}

#[test]
fn payments_of_a_day_may_be_paid_out_with_those_of_another() {
    let weekend = ProfileDay { books: Books { moved_in: vnd(900), ..Books::default() }, ..ProfileDay::default() };
    assert_eq!(weekend.gaps(), []);
    let waiting = ProfileDay { in_no_file: vnd(100), not_settled: Vnd::ZERO, ..weekend };
    assert_eq!(waiting.gaps().iter().map(|g| g.kind).collect::<Vec<_>>(), [GapKind::SettlementMissing]);
}

#[test]
fn a_piece_goes_on_from_one_that_it_may_stand_in_where_a_neighbour_says_so() {
    let is = |inner: (i64, i64), outer: (i64, i64), others: &[(i64, i64)], before: &[i64], after: &[i64]| {
        let piece = |(opening, closing): (i64, i64)| Piece { opening: vnd(opening), closing: vnd(closing) };
        let pieces: Vec<Piece> = [inner, outer].iter().chain(others).copied().map(piece).collect();
        let known = |of: &[i64]| of.iter().copied().map(vnd).collect::<Vec<_>>();
        goes_on(&pieces, piece(inner), piece(outer), &known(before), &known(after))
    };
    // money that comes and goes after the same came: only over the first does one come to the second
    assert!(is((0, 10), (10, 10), &[], &[0], &[]));
    assert!(is((0, 10), (10, 10), &[], &[0], &[10]));
    assert!(!is((0, 10), (10, 10), &[], &[], &[]));
    assert!(!is((0, 10), (10, 10), &[], &[10], &[10]), "the day began with the second");
    // a day that comes to nothing, and its first part
    assert!(!is((0, 10), (0, 0), &[], &[0], &[0]));
    assert!(!is((0, 10), (0, 0), &[], &[0], &[]));
    assert!(is((0, 10), (0, 0), &[], &[0], &[10]), "the next day began with what came after it");
    assert!(!is((0, 10), (0, 0), &[(10, 0)], &[0], &[0]), "and both of its parts");
    // between a first part and a third
    assert!(is((120, 130), (130, 130), &[(100, 120)], &[100], &[130]));
    assert!(!is((120, 130), (130, 130), &[], &[100], &[130]), "what leads to either is not there");
}
