//! The sink that holds everything: a whole file in memory.

use crate::sink::{Head, LineState, Sink, Summary};
use crate::statement::{File, Line, Statement};
use std::ops::ControlFlow;

#[derive(Default)]
pub(crate) struct Collected {
    statements: Vec<Lines>,
}

#[derive(Default)]
struct Lines {
    booked: Vec<Line>,
    pending: Vec<Line>,
}

impl Sink for Collected {
    fn statement(&mut self, _: &Head) -> ControlFlow<()> {
        self.statements.push(Lines::default());
        ControlFlow::Continue(())
    }

    fn line(&mut self, line: Line, state: LineState) -> ControlFlow<()> {
        if let Some(lines) = self.statements.last_mut() {
            match state {
                LineState::Booked => lines.booked.push(line),
                LineState::Pending => lines.pending.push(line),
            }
        }
        ControlFlow::Continue(())
    }
}

impl Collected {
    pub fn file(self, summary: Summary) -> File {
        let statements = summary.statements.into_iter().zip(self.statements).map(|(summary, lines)| Statement {
            account: summary.head.account,
            currency: summary.head.currency,
            id: summary.head.id,
            sequence: summary.head.sequence,
            copy: summary.head.copy,
            period: summary.head.period,
            opening: summary.head.opening,
            closing: summary.closing,
            lines: lines.booked,
            pending: lines.pending,
        });
        File { sha256: summary.sha256, format: summary.format, statements: statements.collect() }
    }
}
