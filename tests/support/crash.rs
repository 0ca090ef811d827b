//! One process killed at each of its places: before each statement to the database and after its result, before each call
//! to another system and after the reply, and when it has answered and is not heard. Then it is started again, whoever
//! asked asks again, and the outcome is the one of a process that was never killed.

use crate::child::{Begun, Env, Running};
use crate::interruption::leases_run_out;
use crate::portal::Portal;
use crate::sampled::is_todays;
use crate::{House, Plan, bank, env};
use std::fmt;
use testkit::gate::{Gate, Passed, Place};

/// Which places are visited ([`Extent`]).
const EXTENT: &str = "MOTLAN_CRASH_POINTS";
/// An operation that visits more than this does not end.
const AT_MOST: usize = 400;

/// A house, and a gate on the wires of the process that is killed.
pub struct Stage {
    pub house: House,
    pub gate: Gate,
    /// Of the process.
    pub env: Env,
    /// How the process reaches the dossier system.
    pub dossier: String,
}

/// A serving process; whoever asks it comes through the gate.
pub struct Server {
    running: Running,
    pub portal: Portal,
    pub staff: Portal,
}

/// How many places of each kind were visited.
pub struct Visited {
    operation: &'static str,
    kinds: Vec<(Place, usize)>,
    commits: usize,
}

impl Visited {
    /// Fails below so many places, or so many commits: nothing that the process does may get out of sight.
    #[track_caller]
    pub fn at_least(self, (all, some): (usize, usize), commits: usize) {
        println!("crash points: {self}");
        let visited: usize = self.kinds.iter().map(|(_, n)| n).sum();
        let least = match extent() {
            Extent::All => all,
            Extent::Third => some.max(all / 3),
            Extent::Edges => some,
        };
        assert!(visited >= least, "{self}: less than {least}");
        assert!(self.commits >= commits, "{self}: less than {commits} commits");
    }
}

impl fmt::Display for Visited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum: usize = self.kinds.iter().map(|(_, n)| n).sum();
        write!(f, "{} {sum} (", self.operation)?;
        for (place, n) in &self.kinds {
            write!(f, "{place} {n}, ")?;
        }
        write!(f, "of them {} commits)", self.commits)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What stands at the edge of a commit, of a call and of the answer.
    Edges,
    /// These, and of the others each third, another third on each day.
    Third,
    All,
}

fn extent() -> Extent {
    match std::env::var(EXTENT).as_deref() {
        Ok("all") => Extent::All,
        Ok("third") => Extent::Third,
        _ => Extent::Edges,
    }
}

/// What befalls a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    Killed,
    /// Stopped past its leases while another does the work, then continued. Only where it holds nothing in the database:
    /// of whoever sleeps in a transaction, the database ends the session.
    Asleep,
}

/// What an undisturbed run passed.
struct Trail(Vec<(Place, Vec<Passed>)>);

impl Trail {
    fn of(gate: &Gate) -> Self {
        Self(Place::ALL.iter().map(|place| (*place, gate.passed(*place))).collect())
    }

    fn commits(&self) -> usize {
        self.0[0].1.iter().filter(|p| p.committed).count()
    }

    /// Which of each kind are visited.
    fn places(&self, disturbance: Disturbance) -> Vec<(Place, Vec<usize>)> {
        self.0.iter().map(|(place, passed)| (*place, wanted(*place, passed, disturbance))).collect()
    }
}

fn wanted(place: Place, passed: &[Passed], disturbance: Disturbance) -> Vec<usize> {
    let killed = disturbance == Disturbance::Killed;
    let is_asked_for = |n: usize| match extent() {
        Extent::All => true,
        Extent::Third => is_todays(n),
        Extent::Edges => false,
    };
    let at_an_edge = |p: &Passed| match place {
        Place::Statement | Place::Result => p.committed && (killed || !p.within),
        Place::Call | Place::Reply | Place::Answer => true,
    };
    if extent() != Extent::Edges && killed && place != Place::Result {
        // to the end, and one more that is not reached
        let is_an_edge = |n: usize| passed.get(n - 1).is_some_and(at_an_edge);
        return (1..=AT_MOST).filter(|n| is_asked_for(*n) || is_an_edge(*n)).collect();
    }
    // of a session that sleeps in a transaction the database ends the connection; after a result within one it does with it
    // what it does before the next statement
    let is_a_place_of_its_own = |n: usize, p: &Passed| at_an_edge(p) || is_asked_for(n) && !p.within;
    (1..).zip(passed).filter(|(n, p)| is_a_place_of_its_own(*n, p)).map(|(n, _)| n).collect()
}

impl Stage {
    pub async fn new() -> Self {
        let database = bank::database().await;
        let gate = Gate::start(&database.socket_dir);
        // asked once by a drain, an attempt then waits: what is left over does not depend on the moment
        let settings = || vec![("MOTLAN_POLL__SCHEDULE_S", "600".to_owned())];
        let house = House::on(database, Plan { with_bank: true, settings: settings(), ..Plan::default() }).await;
        let (vnpay, dossier) = (gate.before(&house.vnpay.url), gate.before(&house.dossier.url));
        let mut all = bank::settings(&gate.before(&house.bank.as_ref().unwrap().url));
        all.extend(settings());
        // the payer's browser opens this one
        let page = format!("{}/paymentv2/vpcpay.html", house.vnpay.url);
        all.push(("MOTLAN_PROFILES__VNPAY_MAIN__PAY_URL", page));
        let database_url = Some(gate.url(&house.database.name, "motlan_app"));
        let env = env(&house.database, &vnpay, &Plan { settings: all, database_url, ..Plan::default() });
        Self { house, gate, env, dossier }
    }

    async fn serve(&self) -> Server {
        let running = Running::start(&self.env, &["serve"]).await;
        let base = self.gate.in_front_of(&running.url("http"));
        let portal = |of: &Portal| Portal::new(&of.http, &base, of.key.clone());
        Server { running, portal: portal(&self.house.portal), staff: portal(&self.house.staff) }
    }

    /// Kills a server at each place of an operation. `act` is the operation as it is asked for, `again` what whoever asked
    /// does after the restart, and what then must be.
    pub async fn of_a_server<S>(
        &self,
        operation: &'static str,
        prepare: impl AsyncFn() -> S,
        act: impl AsyncFn(&Server, &S),
        again: impl AsyncFn(&Server, &S),
    ) -> Visited {
        let mut server = self.serve().await;
        // the first call fetches what the process then remembers
        let undisturbed = [prepare().await, prepare().await];
        for subject in &undisturbed {
            self.gate.reset();
            act(&server, subject).await;
        }
        let trail = Trail::of(&self.gate);
        for subject in &undisturbed {
            again(&server, subject).await;
        }
        let mut visited = Visited { operation, kinds: Vec::new(), commits: trail.commits() };
        for (place, numbers) in trail.places(Disturbance::Killed) {
            let mut count = 0;
            for n in numbers {
                let subject = prepare().await;
                self.gate.stand_still_at(place, n);
                let reached = tokio::select! {
                    biased;
                    () = self.gate.reached() => true,
                    () = act(&server, &subject) => self.gate.is_reached(),
                };
                if reached {
                    server.running.kill().await;
                    self.gate.cut();
                    self.stands().await;
                    server = self.serve().await;
                    count += 1;
                }
                self.gate.reset();
                again(&server, &subject).await;
                // nothing waits for longer than a worker would let it
                self.house.drain().await;
                if !reached {
                    break;
                }
                assert!(n < AT_MOST, "{operation} does not end");
            }
            visited.kinds.push((place, count));
        }
        server.running.kill().await;
        visited
    }

    /// Disturbs a worker at each place of its drain; another goes on with what it left.
    pub async fn of_a_worker<S>(
        &self,
        operation: &'static str,
        disturbance: Disturbance,
        prepare: impl AsyncFn() -> S,
        holds: impl AsyncFn(&S),
    ) -> Visited {
        let subject = prepare().await;
        self.gate.reset();
        self.drains().ends().await;
        let trail = Trail::of(&self.gate);
        holds(&subject).await;
        let mut visited = Visited { operation, kinds: Vec::new(), commits: trail.commits() };
        for (place, numbers) in trail.places(disturbance) {
            let mut count = 0;
            for n in numbers {
                let subject = prepare().await;
                self.gate.stand_still_at(place, n);
                let mut worker = self.drains();
                let reached = tokio::select! {
                    biased;
                    () = self.gate.reached() => true,
                    () = worker.ends() => self.gate.is_reached(),
                };
                match disturbance {
                    Disturbance::Killed => {
                        worker.kill().await;
                        self.gate.cut();
                        self.stands().await;
                        self.another_works().await;
                    }
                    // the order of two runs need not be the same
                    Disturbance::Asleep if reached && self.gate.passed(place)[n - 1].within => {
                        self.gate.go_on();
                        worker.ends().await;
                        holds(&subject).await;
                        continue;
                    }
                    Disturbance::Asleep if reached => {
                        worker.signal("STOP");
                        self.gate.others_pass();
                        self.another_works().await;
                        holds(&subject).await;
                        worker.signal("CONT");
                        self.gate.go_on();
                        worker.ends().await;
                    }
                    Disturbance::Asleep => self.gate.reset(),
                }
                holds(&subject).await;
                if !reached {
                    break;
                }
                count += 1;
                assert!(n < AT_MOST, "{operation} does not end");
            }
            visited.kinds.push((place, count));
        }
        visited
    }

    /// What must hold at any moment. An account's balance (I33) waits for what is yet to be matched.
    async fn stands(&self) {
        let report = payments::verify_books::verify(&self.house.gateway.ctx.pool, None).await.unwrap();
        let broken = report.checked.iter().find(|finding| !finding.rows.is_empty() && finding.number != "I33");
        assert!(broken.is_none(), "{broken:#?}");
    }

    fn drains(&self) -> Begun {
        Begun::start(&self.env, &["work", "--drain"])
    }

    /// Long enough after the other that its leases have ended.
    async fn another_works(&self) {
        leases_run_out(&self.house).await;
        self.house.listings_are_due().await;
        self.house.drain().await;
    }
}
