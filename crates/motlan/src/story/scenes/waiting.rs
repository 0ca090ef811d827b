//! What wallets, Mobile Money, the national platform and applications took waits on the clearing account of its contract.
//! No layout of their settlement files is public, so none is read here and nothing leaves these accounts: the books say
//! so, beside what each of them says that it holds.

use std::collections::BTreeMap;

use crate::story::paper::{Table, dong, say};
use crate::story::partners::Partner;
use crate::story::stage::Story;
use crate::story::stop::Stop;

pub async fn play(story: &mut Story) -> Result<(), Stop> {
    let (accounts, _) = story.books()?.accounts(&[]).await?;
    let ours = story.books()?.payments(&[], &story.cast.ids(), &[]).await?;
    let head = &["Bên thu", "Tài khoản (account)", ">Sổ của Motlan", ">Bên thu nói", ">Đã quên", ">Đã hoàn", ""];
    let (mut table, mut equal, mut total) = (Table::new(head), 0, 0);
    for partner in Partner::ALL {
        let profile = ours.iter().find(|payment| payment.channel == partner.channel()).map(|p| p.profile.clone());
        let Some(profile) = profile else { continue };
        let code = format!("clearing:{profile}");
        let stands = accounts.iter().find(|account| account.code == code).map_or(0, |account| account.all);
        let held = Held::read(story, partner, &profile).await?;
        let is_equal = held.told_as_booked && stands == held.told + held.forgotten - held.given_back;
        equal += usize::from(is_equal);
        total += stands;
        let mark = if is_equal { "✓" } else { "✗" }.to_owned();
        let sums = [stands, held.told, held.forgotten, held.given_back].map(dong);
        let [stands, told, forgotten, back] = sums;
        table.row([partner.name().to_owned(), code, stands, told, forgotten, back, mark]);
    }
    say("    Chưa bên nào công bố mẫu tệp quyết toán, nên tiền còn nằm ở đây (no settlement file: the money waits):");
    table.show();
    story.tally.check(
        equal == Partner::ALL.len(),
        format_args!("{equal}/{} tài khoản bù trừ bằng số bên thu nói; còn chờ {}", Partner::ALL.len(), dong(total)),
        "each clearing account holds what its partner took, payment by payment, and has not settled",
    );
    Ok(())
}

struct Held {
    told: i64,
    /// Whether each payment there is one of ours, of the same amount.
    told_as_booked: bool,
    /// Of simulators that were started anew since.
    forgotten: i64,
    given_back: i64,
}

impl Held {
    async fn read(story: &Story, partner: Partner, profile: &str) -> Result<Self, Stop> {
        let theirs = story.partners.collected(partner).await?;
        let theirs: BTreeMap<String, i64> = theirs.into_iter().map(|one| (one.number, one.amount)).collect();
        let booked = story.books()?.unsettled(profile).await?;
        let (known, forgotten): (Vec<_>, Vec<_>) = booked.iter().partition(|p| theirs.contains_key(&p.number));
        Ok(Self {
            told: theirs.values().sum(),
            told_as_booked: known.iter().map(|p| (p.number.clone(), p.amount)).collect::<BTreeMap<_, _>>() == theirs,
            forgotten: forgotten.iter().map(|payment| payment.amount).sum(),
            given_back: story.books()?.given_back(profile).await?,
        })
    }
}
