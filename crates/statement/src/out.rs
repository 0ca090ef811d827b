//! Between the readers and the [`Sink`]: numbers the lines, counts them and bounds them.

use crate::error::Reason;
use crate::limits::MAX_STATEMENTS;
use crate::sink::{Head, LineState, Sink, StatementSummary};
use crate::statement::{Balance, Line, Period};
use std::ops::ControlFlow;

pub(crate) struct Out<'s> {
    sink: &'s mut dyn Sink,
    /// Lines that may still come, over all statements.
    left: usize,
    begun: bool,
    lines: usize,
    pending: usize,
    days: Option<Period>,
    read: Vec<StatementSummary>,
}

impl<'s> Out<'s> {
    pub fn new(sink: &'s mut dyn Sink, most_lines: usize) -> Self {
        Self { sink, left: most_lines, begun: false, lines: 0, pending: 0, days: None, read: Vec::new() }
    }

    /// Whether the current statement was announced.
    pub fn begun(&self) -> bool {
        self.begun
    }

    pub fn begin(&mut self, head: &Head) -> Result<(), Reason> {
        if self.read.len() >= MAX_STATEMENTS {
            return Err(Reason::Limit("statements"));
        }
        self.begun = true;
        go_on(self.sink.statement(head))
    }

    /// Gives the line its number. The statement has begun.
    pub fn line(&mut self, mut line: Line, state: LineState) -> Result<(), Reason> {
        self.left = self.left.checked_sub(1).ok_or(Reason::Limit("lines"))?;
        line.line_no = self.lines + self.pending + 1;
        match state {
            LineState::Pending => self.pending += 1,
            LineState::Booked => {
                self.lines += 1;
                if let Some(day) = line.booking_date.or(line.value_date) {
                    let days = self.days.get_or_insert(Period { from: day, to: day });
                    *days = Period { from: days.from.min(day), to: days.to.max(day) };
                }
            }
        }
        go_on(self.sink.line(line, state))
    }

    /// Ends the current statement, which ties out. `head` has the opening balance as it is now known.
    pub fn finish(&mut self, head: Head, closing: Option<Balance>) -> Result<(), Reason> {
        if !self.begun {
            self.begin(&head)?;
        }
        let days = self.days.take();
        self.read.push(StatementSummary { head, closing, lines: self.lines, pending: self.pending, days });
        (self.begun, self.lines, self.pending) = (false, 0, 0);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    pub fn into_statements(self) -> Vec<StatementSummary> {
        self.read
    }
}

fn go_on(answer: ControlFlow<()>) -> Result<(), Reason> {
    match answer {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Reason::Stopped),
    }
}
