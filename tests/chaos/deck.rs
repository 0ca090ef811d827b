//! Shares that a short run keeps too: of a hundred in a row exactly so many, in an order that the seed decides.

use tests::interruption::Dice;

/// Cards that come again, shuffled, when all were drawn.
pub struct Deck<T> {
    cards: Vec<T>,
    left: Vec<T>,
    dice: Dice,
}

impl<T: Clone> Deck<T> {
    pub fn new(cards: Vec<T>, dice: Dice) -> Self {
        Self { cards, left: Vec::new(), dice }
    }

    pub fn draw(&mut self) -> T {
        if self.left.is_empty() {
            self.left = self.cards.clone();
            self.dice.shuffle(&mut self.left);
        }
        self.left.pop().expect("a deck has cards")
    }
}

impl Deck<bool> {
    /// True for so many of a hundred.
    pub fn percent(share: usize, dice: Dice) -> Self {
        Self::new((0..100).map(|n| n < share).collect(), dice)
    }
}
