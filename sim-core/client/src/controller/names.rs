//! Hashes in names.
//!
//! Source: `pkg/controller/controller_utils.go` (`ComputeHash`), `staging/src/k8s.io/apimachinery/pkg/util/rand`,
//! v1.36.2 (controllers.md 1.9).
//! DIFFERENCE: the hash is over the template's JSON, not over Go's dump of its structures: names of ReplicaSets differ
//! from those of a real cluster with the same manifests, though never between runs.

use api::Name;
use api::pod::PodTemplate;

/// `pod-template-hash` of a template; a collision count makes it another one.
pub fn template_hash(template: &PodTemplate, collisions: Option<i32>) -> Name {
    let json = template.to_json().to_string();
    let salt = collisions.map(|count| i64::from(count).to_le_bytes());
    hash_name(fnv1a(json.bytes().chain(salt.into_iter().flatten())))
}

fn fnv1a(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// A hash as a name: its decimal digits, each replaced by one of ten symbols that spell no word.
pub fn hash_name(hash: u32) -> Name {
    const SYMBOLS: [char; 10] = ['4', '5', '6', '7', '8', '9', 'b', 'c', 'd', 'f'];
    let digits = hash.to_string();
    digits.bytes().map(|digit| SYMBOLS[usize::from(digit - b'0')]).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::pod::PodSpec;
    use std::sync::Arc;

    #[test]
    fn digits_become_symbols() {
        for (hash, name) in [(0, "4"), (1_234_567_890, "56789bcdf4"), (u32::MAX, "86f8fbc6f9")] {
            assert_eq!(hash_name(hash), name);
        }
        // The published check value of FNV-1a.
        assert_eq!(fnv1a("foobar".bytes()), 0xbf9c_f968);
    }

    #[test]
    fn the_template_and_the_collisions_count() {
        let template = |image: &str| {
            let json = serde_json::json!({"containers": [{"name": "web", "image": image}]});
            PodTemplate {
                labels: [("app", "web")].into_iter().collect(),
                annotations: Default::default(),
                finalizers: Vec::new(),
                spec: Arc::new(PodSpec::from_json(&json).unwrap()),
            }
        };
        let hash = template_hash(&template("web:v1"), None);
        assert_eq!(hash, template_hash(&template("web:v1"), None));
        assert_ne!(hash, template_hash(&template("web:v2"), None));
        assert_ne!(hash, template_hash(&template("web:v1"), Some(0)));
        assert_ne!(template_hash(&template("web:v1"), Some(0)), template_hash(&template("web:v1"), Some(1)));
    }
}
