//! Taints and tolerations (scheduler.md 7.4).
//!
//! Source: `staging/src/k8s.io/api/core/v1/toleration.go`, v1.36.2.
//! DIFFERENCE: operators `Lt` and `Gt` tolerate nothing, as with the gate TaintTolerationComparisonOperators off (its
//! default); who turns that on can tell.

use api::node::{Taint, TaintEffect};
use api::pod::{Toleration, TolerationOperator};

/// Whether a toleration covers a taint. Its seconds play no part.
pub fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let effect = toleration.effect.is_none_or(|effect| effect == taint.effect);
    let key = toleration.key.is_empty() || toleration.key == taint.key;
    effect
        && key
        && match toleration.operator {
            TolerationOperator::Equal => toleration.value == taint.value,
            TolerationOperator::Exists => true,
            TolerationOperator::Lt | TolerationOperator::Gt => false,
        }
}

/// Whether one of the tolerations covers the taint.
pub fn is_tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|toleration| tolerates(toleration, taint))
}

/// Whether a taint of this effect keeps new pods away: NoSchedule and NoExecute.
pub fn forbids_scheduling(effect: TaintEffect) -> bool {
    matches!(effect, TaintEffect::NoSchedule | TaintEffect::NoExecute)
}

/// The first taint with an effect of interest that no toleration covers.
pub fn find_untolerated<'a>(
    taints: &'a [Taint],
    tolerations: &[Toleration],
    of_interest: impl Fn(TaintEffect) -> bool,
) -> Option<&'a Taint> {
    taints.iter().find(|taint| of_interest(taint.effect) && !is_tolerated(taint, tolerations))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taint(key: &str, value: &str, effect: TaintEffect) -> Taint {
        Taint { key: key.into(), value: value.into(), effect, time_added: None }
    }

    #[test]
    fn a_toleration_covers_a_taint() {
        use TolerationOperator::{Equal, Exists, Gt};
        let check = |key: &str, operator, value: &str, effect, expect| {
            let toleration = Toleration {
                key: key.into(),
                operator,
                value: value.into(),
                effect,
                toleration_seconds: None,
            };
            let taint = taint("a", "1", TaintEffect::NoSchedule);
            assert_eq!(tolerates(&toleration, &taint), expect, "{toleration:?}");
        };
        check("a", Equal, "1", Some(TaintEffect::NoSchedule), true);
        check("a", Equal, "1", None, true);
        check("a", Equal, "2", None, false);
        check("a", Exists, "", None, true);
        check("a", Exists, "", Some(TaintEffect::NoExecute), false);
        check("b", Exists, "", None, false);
        check("", Exists, "", None, true);
        check("", Equal, "1", None, true);
        check("", Equal, "", None, false);
        check("a", Gt, "0", None, false);
    }

    #[test]
    fn only_effects_of_interest_are_looked_at() {
        let taints =
            [taint("soft", "", TaintEffect::PreferNoSchedule), taint("hard", "", TaintEffect::NoExecute)];
        assert_eq!(find_untolerated(&taints, &[], forbids_scheduling), Some(&taints[1]));
        assert_eq!(find_untolerated(&taints, &[], |e| e == TaintEffect::NoSchedule), None);
    }
}
