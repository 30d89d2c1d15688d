//! Whether the words of a claim stand in a source in the same relation: in its order and without a
//! jump into another clause. One part may change places with the other, as in "At the front lies A"
//! for "A lies at the front".

use super::marks::Token;

/// Whether a claim's words can be read off a source.
pub(super) fn holds(claim: &[Token], source: &[Token]) -> bool {
    let claim: Vec<&Token> = claim.iter().collect();
    let source: Vec<&Token> = source.iter().collect();
    in_order(&claim, &source) || (1..claim.len()).any(|at| holds_turned(&claim, at, &source))
}

/// The same with the part from `at` on put first. Without a mark between the parts both must stand
/// in one clause.
fn holds_turned(claim: &[&Token], at: usize, source: &[&Token]) -> bool {
    let (first, second) = claim.split_at(at);
    let is_parted = second.first().is_some_and(|token| token.after_boundary);
    // The mark that parted them stands between them still.
    let start = first.first().map(|start| Token {
        after_boundary: is_parted || start.after_boundary,
        ..(*start).clone()
    });
    let others = first.iter().skip(1).copied();
    let joint = start.iter().chain(others);
    let turned: Vec<&Token> = second.iter().copied().chain(joint).collect();
    if is_parted {
        return in_order(&turned, source);
    }
    let mut places: Vec<(usize, usize)> = source.iter().map(|token| token.place).collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().any(|place| {
        let within = source.iter().copied().filter(|token| token.place == place);
        let within: Vec<&Token> = within.collect();
        in_order(&turned, &within)
    })
}

/// Whether the claim's words are some of the source's, in its order.
fn in_order(claim: &[&Token], source: &[&Token]) -> bool {
    let mut reached: Vec<Option<usize>> = vec![None];
    for (index, token) in claim.iter().enumerate() {
        let next = claim.get(index + 1).copied();
        let ends = (0..source.len()).filter(|&at| {
            token.follows_from(source[at])
                && reached
                    .iter()
                    .any(|&from| may_follow(token, next, from, at, source))
        });
        reached = ends.map(Some).collect();
        if reached.is_empty() {
            return false;
        }
    }
    true
}

/// Whether the word at `at` of the source may be read after the one at `from`.
fn may_follow(
    token: &Token,
    next: Option<&Token>,
    from: Option<usize>,
    at: usize,
    source: &[&Token],
) -> bool {
    let Some(from) = from else {
        return true;
    };
    from < at
        && (token.after_boundary || source[from].place == source[at].place)
        && (!source[at].refers_back || from + 1 == at)
        && !(token.is_number && passes_measure(next, &source[from + 1..at]))
}

/// Whether what is passed over holds another number of the same unit: `14 cm and the liver` on the
/// way to `17 cm`.
fn passes_measure(unit: Option<&Token>, passed: &[&Token]) -> bool {
    let Some(unit) = unit else {
        return passed.iter().any(|token| token.is_number);
    };
    let mut pairs = passed.windows(2);
    pairs.any(|pair| matches!(pair, [number, of] if number.is_number && of.key == unit.key))
}

#[cfg(test)]
mod tests {
    use super::super::marks::tokens;
    use super::*;

    fn reads(claim: &str, source: &str) -> bool {
        holds(&tokens(claim), &tokens(source))
    }

    #[test]
    fn one_part_may_change_places_within_its_clause() {
        let source = "The amygdala lies in front of the hippocampus, in the temporal lobe.";
        assert!(reads(
            "The amygdala is in front of the hippocampus.",
            source
        ));
        let turned = "In the temporal lobe, the amygdala lies in front of the hippocampus.";
        assert!(reads(turned, source));
        assert!(!reads(
            "The hippocampus is in front of the amygdala.",
            source
        ));
    }

    #[test]
    fn words_of_two_clauses_are_not_joined() {
        let source = "FHL2 stains brown with DAB, nuclei blue with haematoxylin.";
        assert!(reads("FHL2 stains brown", source));
        assert!(!reads("Nuclei stain brown", source));
        let source = "The upper half is mapped below the sulcus (gyrus), the lower above (cuneus).";
        assert!(!reads("The upper half is mapped in the cuneus", source));
        assert!(!reads(
            "It leaves the bladder",
            "It is in the skull, and in the bladder, by which it leaves."
        ));
    }

    #[test]
    fn a_measure_belongs_to_what_stands_before_it() {
        let source = "The spleen measures 14 cm and the liver 17 cm.";
        assert!(reads("The spleen measures 14 cm", source));
        assert!(!reads("The spleen measures 17 cm", source));
        let source = "CT of a 54-year-old woman shows a 12 mm nodule.";
        assert!(reads("CT shows a 12 mm nodule", source));
    }
}
