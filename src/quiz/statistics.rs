//! Figures of classical item analysis, as pure functions of scores. When they may be shown is told
//! elsewhere.
//!
//! Scores are from 0 to 1; a total is a person's sum over a set. Sources: Kelley (1939), "The
//! selection of upper and lower groups for the validation of test items", J. Educ. Psychol. 30
//! (groups of 27 %); Kuder and Richardson (1937), "The theory of the estimation of test
//! reliability", Psychometrika 2 (formula 20).

/// Share of people in each of the two groups that the discrimination index compares.
pub const GROUP: f64 = 0.27;

/// Difficulty, which is a share of easiness: the mean score. `None` without scores.
pub fn difficulty(scores: &[f64]) -> Option<f64> {
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

/// Discrimination index: the mean score of the 27 % with the highest totals less that of the 27 %
/// with the lowest, −1 to 1. Groups have 27 % of the people to the nearest whole, one at least.
/// People with equal totals at the edge of a group share its last places evenly, so that their
/// order doesn't matter. `None` for fewer than two people, or if both lists differ in length.
pub fn discrimination(scores: &[f64], totals: &[f64]) -> Option<f64> {
    if scores.len() != totals.len() || scores.len() < 2 {
        return None;
    }
    let places = (scores.len() as f64 * GROUP).round().max(1.0);
    let mut people: Vec<(f64, f64)> = totals.iter().copied().zip(scores.iter().copied()).collect();
    people.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let upper = mean_of_first(&people, places);
    people.reverse();
    Some(upper - mean_of_first(&people, places))
}

/// Mean score of the first people, sorted by their totals, for so many places.
fn mean_of_first(people: &[(f64, f64)], places: f64) -> f64 {
    let mut left = places;
    let mut sum = 0.0;
    for level in people.chunk_by(|(one, _), (other, _)| one == other) {
        let taken = left.min(level.len() as f64);
        let mean = level.iter().map(|(_, score)| score).sum::<f64>() / level.len() as f64;
        sum += taken * mean;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    sum / places
}

/// Point-biserial correlation: Pearson's correlation of an item's scores with totals. `None` if
/// either doesn't vary, or if both lists differ in length.
pub fn point_biserial(scores: &[f64], totals: &[f64]) -> Option<f64> {
    if scores.len() != totals.len() {
        return None;
    }
    let (mean_score, mean_total) = (difficulty(scores)?, difficulty(totals)?);
    let (mut both, mut of_scores, mut of_totals) = (0.0, 0.0, 0.0);
    for (score, total) in scores.iter().zip(totals) {
        let (score, total) = (score - mean_score, total - mean_total);
        both += score * total;
        of_scores += score * score;
        of_totals += total * total;
    }
    let product: f64 = of_scores * of_totals;
    (product > f64::EPSILON).then(|| both / product.sqrt())
}

/// The same with the totals of all other items: an item doesn't vouch for itself.
pub fn corrected_point_biserial(scores: &[f64], totals: &[f64]) -> Option<f64> {
    if scores.len() != totals.len() {
        return None;
    }
    let rest: Vec<f64> = totals
        .iter()
        .zip(scores)
        .map(|(total, score)| total - score)
        .collect();
    point_biserial(scores, &rest)
}

/// Kuder and Richardson's formula 20: k / (k − 1) · (1 − Σ p q / σ²), with the variance σ² of the
/// totals over N. A row is a person, right or wrong on each item; all rows must have all items.
/// `None` for fewer than two items or people, rows of different lengths, or totals that don't vary.
pub fn kr20(rows: &[Vec<bool>]) -> Option<f64> {
    let items = rows.first()?.len();
    if items < 2 || rows.len() < 2 || rows.iter().any(|row| row.len() != items) {
        return None;
    }
    let people = rows.len() as f64;
    let totals: Vec<f64> = rows
        .iter()
        .map(|row| row.iter().filter(|right| **right).count() as f64)
        .collect();
    let mean = difficulty(&totals)?;
    let variance = totals
        .iter()
        .map(|total| (total - mean).powi(2))
        .sum::<f64>()
        / people;
    if variance <= f64::EPSILON {
        return None;
    }
    let uncertain: f64 = (0..items)
        .map(|item| {
            let right = rows.iter().filter(|row| row[item]).count() as f64 / people;
            right * (1.0 - right)
        })
        .sum();
    let items = items as f64;
    Some(items / (items - 1.0) * (1.0 - uncertain / variance))
}

/// Of so many places, how many people chose each. Places beyond the last are left out.
pub fn choices(chosen: impl IntoIterator<Item = usize>, places: usize) -> Vec<usize> {
    let mut counts = vec![0; places];
    for place in chosen {
        if let Some(count) = counts.get_mut(place) {
            *count += 1;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten students and ten items: K. L. Wuensch, "The Kuder-Richardson 20" (East Carolina
    /// University, StatHelp/KR20.txt). He gives the totals, p, q and p q of each item, and the
    /// variance of the totals, 5.84.
    const WUENSCH: [[u8; 10]; 10] = [
        [1, 1, 1, 1, 1, 1, 0, 1, 1, 0],
        [1, 0, 1, 1, 0, 1, 1, 1, 0, 1],
        [1, 1, 1, 1, 0, 1, 1, 0, 0, 1],
        [0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 1, 0, 0, 1, 0],
        [1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
        [1, 1, 0, 1, 1, 1, 0, 1, 1, 1],
        [1, 1, 1, 1, 1, 1, 1, 1, 0, 1],
        [0, 1, 0, 1, 1, 1, 1, 1, 0, 1],
        [1, 1, 0, 1, 1, 0, 1, 1, 1, 0],
    ];

    fn item(number: usize) -> Vec<f64> {
        WUENSCH
            .iter()
            .map(|row| f64::from(row[number - 1]))
            .collect()
    }

    fn totals() -> Vec<f64> {
        let sum = |row: &[u8; 10]| row.iter().map(|score| f64::from(*score)).sum::<f64>();
        WUENSCH.iter().map(sum).collect()
    }

    #[track_caller]
    fn near(found: Option<f64>, expected: f64) {
        let found = found.expect("a figure");
        assert!(
            (found - expected).abs() < 1e-12,
            "{found} is not {expected}"
        );
    }

    #[test]
    fn difficulties_are_those_of_wuenschs_table() {
        assert_eq!(totals(), [8.0, 7.0, 7.0, 2.0, 2.0, 9.0, 8.0, 9.0, 7.0, 7.0]);
        let expected = [0.7, 0.7, 0.6, 0.7, 0.6, 0.8, 0.7, 0.7, 0.5, 0.6];
        for (number, expected) in (1..).zip(expected) {
            near(difficulty(&item(number)), expected);
        }
        assert_eq!(difficulty(&[]), None);
    }

    #[test]
    fn kr20_of_wuenschs_table() {
        let right = |row: &[u8; 10]| row.iter().map(|score| *score == 1).collect::<Vec<bool>>();
        let rows: Vec<Vec<bool>> = WUENSCH.iter().map(right).collect();
        // Σ p q = 5 · 0.21 + 3 · 0.24 + 0.16 + 0.25 = 2.18.
        // 10 / 9 · (1 − 2.18 / 5.84) = 10 / 9 · 366 / 584 = 3660 / 5256 = 305 / 438 = 0.6963…
        near(kr20(&rows), 305.0 / 438.0);
        assert_eq!(kr20(&rows[..1]), None, "one person");
        assert_eq!(
            kr20(&[vec![true, false], vec![true, false]]),
            None,
            "no variance"
        );
        assert_eq!(
            kr20(&[vec![true, false], vec![true]]),
            None,
            "not all answered"
        );
        assert_eq!(kr20(&[]), None);
    }

    #[test]
    fn point_biserial_of_browns_example() {
        // J. D. Brown (2001), "Point-biserial correlation coefficients", JALT Testing & Evaluation
        // SIG Newsletter 5 (3), table 2: eight students; item 1 was answered by the four best, item
        // 2 by the four weakest, item 3 by all. M_p = 45, M_q = 30, S = √68.75 = 8.29:
        // 15 / √68.75 · √0.25 = 7.5 / √68.75 = 3 / √11 = 0.9045…, printed as .91.
        let totals = [50.0, 45.0, 45.0, 40.0, 35.0, 30.0, 30.0, 25.0];
        let first = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        let second = first.map(|score| 1.0 - score);
        near(point_biserial(&first, &totals), 3.0 / 11.0_f64.sqrt());
        near(point_biserial(&second, &totals), -3.0 / 11.0_f64.sqrt());
        assert_eq!(point_biserial(&[1.0; 8], &totals), None, "he prints .00");
    }

    #[test]
    fn an_item_does_not_vouch_for_itself() {
        // Wuensch's item 1 with its total: Σxy = 7 right of totals 8 7 7 9 8 9 7 = 55, less
        // 7 · 6.6 = 46.2: 8.8. Variances · 10: 2.1 and 58.4. 8.8 / √(2.1 · 58.4) = 8.8 / √122.64.
        near(point_biserial(&item(1), &totals()), 8.8 / 122.64_f64.sqrt());
        // Of the rest: totals less the item are 7 6 6 2 2 8 7 8 7 6, 59 in all. Σxy = 48 − 7 · 5.9 =
        // 6.7; Σ squares = 391, less 10 · 5.9² = 348.1: 42.9. 6.7 / √(2.1 · 42.9) = 6.7 / √90.09.
        near(
            corrected_point_biserial(&item(1), &totals()),
            6.7 / 90.09_f64.sqrt(),
        );
        // Item 3 has nothing to do with the others: the six who are right have 7 6 6 1 8 8 = 36
        // elsewhere, the four others 2 8 7 7 = 24, both 6 on average.
        near(corrected_point_biserial(&item(3), &totals()), 0.0);
    }

    #[test]
    fn discrimination_compares_the_upper_with_the_lower_group() {
        // 27 % of ten are three. Upper: both with 9, and one place for the two with 8. Lower: both
        // with 2, and one place for the four with 7 (students B, C, I and J).
        // Item 1: upper 1, 1 and mean of 1, 1 = 3 / 3; lower 0, 0 and mean of 1, 1, 0, 1 = 3/4 / 3.
        near(discrimination(&item(1), &totals()), 0.75);
        // Item 3: upper (1 + 1 + 1/2) / 3; lower (1 + 0 + 1/2) / 3.
        near(discrimination(&item(3), &totals()), 1.0 / 3.0);
        // Item 7: upper (1 + 1 + 0) / 3; lower (1 + 0 + 1) / 3.
        near(discrimination(&item(7), &totals()), 0.0);
        // Turned round, it discriminates the other way.
        let wrong: Vec<f64> = item(1).iter().map(|score| 1.0 - score).collect();
        near(discrimination(&wrong, &totals()), -0.75);
    }

    #[test]
    fn the_order_of_people_does_not_matter() {
        let mut pairs: Vec<(f64, f64)> = item(5).into_iter().zip(totals()).collect();
        let figure = |pairs: &[(f64, f64)]| {
            let (scores, totals): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
            discrimination(&scores, &totals)
        };
        let before = figure(&pairs);
        pairs.reverse();
        near(before, figure(&pairs).expect("a figure"));
        pairs.rotate_left(3);
        near(before, figure(&pairs).expect("a figure"));
        assert_eq!(discrimination(&[1.0], &[1.0]), None);
        assert_eq!(discrimination(&[1.0, 0.0], &[1.0]), None);
    }

    #[test]
    fn choices_are_counted_by_place() {
        assert_eq!(choices([0, 2, 2, 7], 3), [1, 0, 2]);
    }
}
