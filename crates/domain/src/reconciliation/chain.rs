//! Statements of one day follow each other without a gap: each begins with the balance that another ended with. Banks
//! send parts of a day, the whole day, and the whole day once more in another format; all of them must agree. A part that
//! the whole has overtaken (fetched at noon, say) says nothing that the whole does not say. One that has a line which the
//! whole lacks is not overtaken; the line is booked like all others, so that it shows in the closing balance.

use super::{Gap, GapKind};
use crate::money::Vnd;
use std::collections::BTreeSet;

/// What one statement says of the day, in đồng.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Piece {
    pub opening: Vnd,
    pub closing: Vnd,
}

/// How it is known that another piece of the day has all that one has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overtaken {
    /// The bank names each movement alike in both.
    ByName,
    /// As many of each amount are in the other.
    ByCount,
}

/// A piece as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub piece: Piece,
    /// None where no other has all of it.
    pub overtaken: Option<Overtaken>,
}

/// The pieces that say how the day began and ended: those that no other has overtaken. Where one that was only counted may go
/// on from these, with money that was taken for an equal line of theirs, or the next day begins with what an overtaken one
/// ends with, it is all of them, unless the next day begins as these end. `after`: with what the next day begins.
pub fn standing(told: &[Told], after: &[Vnd], ours: Vnd) -> Vec<Piece> {
    let standing: Vec<Piece> = told.iter().filter(|t| t.overtaken.is_none()).map(|t| t.piece).collect();
    let goes_on = |p: &Piece| standing.iter().any(|q| q.closing == p.opening);
    let is_doubtful = |t: &Told| match t.overtaken {
        None => false,
        Some(Overtaken::ByName) => after.contains(&t.piece.closing),
        Some(Overtaken::ByCount) => after.contains(&t.piece.closing) || goes_on(&t.piece),
    };
    let is_proven = || shown_closing(&standing, ours).is_some_and(|end| after.contains(&end));
    if told.iter().any(is_doubtful) && !is_proven() { told.iter().map(|t| t.piece).collect() } else { standing }
}

/// The balance at the end of the day by the statements: that of the last one that no other goes on from. Where each goes on
/// from another (a day that comes to nothing, in two parts) any of them may be the last: `ours`, if one ends so.
pub fn shown_closing(pieces: &[Piece], ours: Vnd) -> Option<Vnd> {
    let goes_on = |p: &&Piece| pieces.iter().any(|q| q.opening == p.closing && q.closing != p.closing);
    let last = pieces.iter().rev().find(|p| !goes_on(p));
    last.or_else(|| pieces.iter().find(|p| p.closing == ours)).or(pieces.last()).map(|p| p.closing)
}

/// What keeps the pieces from leading from `start` to `end`, the balances of our books. `before`: the closing balances
/// of the statements before the day.
pub(super) fn gaps(pieces: &[Piece], start: Vnd, end: Vnd, before: &[Vnd]) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let from_start = reached(pieces, start);
    let begins = pieces.iter().any(|p| p.opening == start);
    let first = pieces.iter().find(|p| !pieces.iter().any(|q| q != *p && q.closing == p.opening)).or(pieces.first());
    if let Some(first) = first.filter(|_| !begins) {
        gaps.push(Gap { kind: GapKind::OpeningDiffers, ours: start, theirs: Some(first.opening) });
    } else {
        // a part that nothing leads to
        let lost = pieces.iter().find(|p| !from_start.contains(&p.opening));
        gaps.extend(lost.map(|p| Gap { kind: GapKind::StatementGap, ours: start, theirs: Some(p.opening) }));
    }
    if let Some(last) = shown_closing(pieces, end).filter(|last| *last != end) {
        gaps.push(Gap { kind: GapKind::ClosingDiffers, ours: end, theirs: Some(last) });
    }
    if let Some(last) = before.first().filter(|_| !before.contains(&start)) {
        gaps.push(Gap { kind: GapKind::StatementGap, ours: start, theirs: Some(*last) });
    }
    gaps
}

/// Whether the neighbours of a day say that one of its pieces goes on from another, in which it may stand by its lines: from
/// the closing balances `before` the day the `outer` one is reached over the `inner` one alone, or it is from the opening
/// balances `after` the day, and nowhere is it the other way about. `inner` and `outer` are of `pieces`.
pub fn goes_on(pieces: &[Piece], inner: Piece, outer: Piece, before: &[Vnd], after: &[Vnd]) -> bool {
    let turned = |p: Piece| Piece { opening: p.closing, closing: p.opening };
    let back: Vec<Piece> = pieces.iter().copied().map(turned).collect();
    let said = [leads(pieces, inner, outer, before), leads(&back, turned(inner), turned(outer), after)];
    said.contains(&Some(true)) && !said.contains(&Some(false))
}

/// Whether one comes from `from` to the outer piece over the inner one alone (true), or to the outer one and never to the inner
/// one (false).
fn leads(pieces: &[Piece], inner: Piece, outer: Piece, from: &[Vnd]) -> Option<bool> {
    let without: Vec<Piece> = pieces.iter().copied().filter(|p| *p != inner).collect();
    let over = |pieces: &[Piece]| from.iter().flat_map(|known| reached(pieces, *known)).collect::<BTreeSet<Vnd>>();
    let (all, others) = (over(pieces), over(&without));
    match (all.contains(&inner.opening), others.contains(&outer.opening)) {
        (true, false) if all.contains(&outer.opening) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// The balances that one comes to from `from`, going along the pieces.
fn reached(pieces: &[Piece], from: Vnd) -> BTreeSet<Vnd> {
    let mut known = BTreeSet::from([from]);
    loop {
        let before = known.len();
        let next: Vec<Vnd> = pieces.iter().filter(|p| known.contains(&p.opening)).map(|p| p.closing).collect();
        known.extend(next);
        if known.len() == before {
            return known;
        }
    }
}
