//! The types and fields of the Kubernetes API, and the check of an object against them.
//!
//! Source: the OpenAPI definitions of v1.36, as a table that `tools/schema.py` makes (names, types, required fields,
//! patch strategies and merge keys; no descriptions). [`check`] reports every mistake of shape at once, with its
//! place: what strict decoding on the server would say, and what it would say next.
//!
//! DIFFERENCE: the definitions hold no enumerations. The table has those of 31 fields that an API server v1.36.2 was
//! seen to refuse values of; a wrong value of any other field passes here and is left to the checks of values.
//! DIFFERENCE: the definitions hold no defaults and no ranges either (but those of 32 and 64 bits).
//! DIFFERENCE: parts of a CustomResourceDefinition that are a schema or something else (`items`,
//! `additionalProperties`, `default`) are free form here; the server looks into some of them.

mod check;

use std::collections::BTreeMap;
use std::sync::OnceLock;

pub use check::{check, check_document, unknown_kind};

/// A type of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TypeId(u32);

/// What stands in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    String,
    /// A boolean.
    Boolean,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// A number.
    Double,
    /// Base64.
    Bytes,
    /// A quantity: string or number.
    Quantity,
    /// A string, or an integer of 32 bits.
    IntOrString,
    /// RFC 3339.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// Anything.
    Any,
    /// An object of any form.
    Object,
    /// A list.
    List(Box<Shape>),
    /// An object with keys of the user's choice.
    Map(Box<Shape>),
    /// An object of a type of the table.
    Type(TypeId),
}

/// A field of a type.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name in JSON.
    pub name: &'static str,
    /// What stands in it.
    pub shape: Shape,
    /// Whether the definitions call it required.
    pub required: bool,
    /// The values that a string may have; empty if that is not known.
    pub values: Vec<&'static str>,
    /// `x-kubernetes-patch-strategy`: `merge`, `replace`, `retainKeys`, or two of them with a comma.
    pub patch_strategy: Option<&'static str>,
    /// `x-kubernetes-patch-merge-key`: which field names an item in a strategic merge patch.
    pub merge_key: Option<&'static str>,
    /// `x-kubernetes-list-type`: `atomic`, `set` or `map`.
    pub list_type: Option<&'static str>,
    /// `x-kubernetes-list-map-keys`: which fields name an item in server-side apply.
    pub list_keys: Vec<&'static str>,
    /// `x-kubernetes-map-type`: `atomic` or `granular`.
    pub map_type: Option<&'static str>,
}

/// A type: an object with known fields.
#[derive(Clone, Debug)]
pub struct Type {
    /// `core.v1.PodSpec`
    pub name: &'static str,
    /// Sorted by name.
    fields: Vec<Field>,
}

impl Type {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.binary_search_by(|field| field.name.cmp(name)).ok().map(|at| &self.fields[at])
    }

    /// All fields, by name.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// `PodSpec`
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }
}

/// All types.
#[derive(Debug)]
pub struct Schema {
    types: Vec<Type>,
    names: BTreeMap<&'static str, TypeId>,
    /// (kind, apiVersion): sorted so that the versions of a kind stand together.
    kinds: BTreeMap<(&'static str, &'static str), TypeId>,
}

impl Schema {
    /// The built-in API of v1.36.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Schema> = OnceLock::new();
        BUILTIN.get_or_init(|| Self::load(include_str!("schema/table.txt")))
    }

    /// The type of a kind: `("apps/v1", "Deployment")`.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<&Type> {
        // Keys of any lifetime are found by comparison, as a map of pairs of 'static text cannot be asked with others.
        let (_, id) = self.versions_of(kind).find(|(version, _)| *version == api_version)?;
        Some(self.get(id))
    }

    /// The versions in which a kind is known: `apps/v1`.
    pub fn api_versions(&self, kind: &str) -> Vec<&'static str> {
        self.versions_of(kind).map(|(version, _)| version).collect()
    }

    fn versions_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'static str, TypeId)> + 'a {
        let range = self.kinds.range::<(&str, &str), _>((kind, "")..);
        range.take_while(move |((name, _), _)| *name == kind).map(|((_, version), id)| (*version, *id))
    }

    /// All kinds with their versions: (apiVersion, kind).
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.kinds.keys().map(|(kind, version)| (*version, *kind))
    }

    /// The type that a shape names.
    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.0 as usize]
    }

    /// A type by its name: `core.v1.PodSpec`.
    pub fn type_named(&self, name: &str) -> Option<&Type> {
        self.names.get(name).map(|id| self.get(*id))
    }

    /// The type of a field, of a list's items or of a map's values, if it is one of the table.
    pub fn type_of(&self, shape: &Shape) -> Option<&Type> {
        match shape {
            Shape::Type(id) => Some(self.get(*id)),
            Shape::List(inner) | Shape::Map(inner) => self.type_of(inner),
            _ => None,
        }
    }

    /// Reads the table; what it cannot be is checked by a test, so that nothing here has to fail.
    fn load(table: &'static str) -> Self {
        let heads = table.lines().filter(|line| !line.starts_with(' '));
        let mut schema = Self { types: Vec::new(), names: BTreeMap::new(), kinds: BTreeMap::new() };
        for (id, head) in (0..).map(TypeId).zip(heads) {
            let mut words = head.split(' ');
            let name = words.next().unwrap_or_default();
            schema.types.push(Type { name, fields: Vec::new() });
            schema.names.insert(name, id);
            let kinds = words.filter_map(|word| word.split_once(':'));
            schema.kinds.extend(kinds.map(|(version, kind)| ((kind, version), id)));
        }
        let mut started = 0;
        for line in table.lines() {
            match line.strip_prefix(' ') {
                None => started += 1,
                Some(line) if started > 0 => {
                    let field = schema.field(line);
                    schema.types[started - 1].fields.push(field);
                }
                Some(_) => {}
            }
        }
        schema
    }

    fn field(&self, line: &'static str) -> Field {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        let shape = self.shape(words.next().unwrap_or_default());
        let required = name.ends_with('!');
        let mut field = Field {
            name: name.trim_end_matches('!'),
            shape,
            required,
            values: Vec::new(),
            patch_strategy: None,
            merge_key: None,
            list_type: None,
            list_keys: Vec::new(),
            map_type: None,
        };
        for (key, value) in words.filter_map(|word| word.split_once('=')) {
            match key {
                "e" => field.values = value.split('|').collect(),
                "p" => field.patch_strategy = Some(value),
                "k" => field.merge_key = Some(value),
                "m" => field.map_type = Some(value),
                _ => {
                    let (list_type, keys) = value.split_once(':').unwrap_or((value, ""));
                    field.list_type = Some(list_type);
                    field.list_keys = keys.split(',').filter(|key| !key.is_empty()).collect();
                }
            }
        }
        field
    }

    fn shape(&self, text: &'static str) -> Shape {
        match text.split_at_checked(1).unwrap_or_default() {
            ("[", item) => Shape::List(Box::new(self.shape(item))),
            ("{", value) => Shape::Map(Box::new(self.shape(value))),
            ("@", name) => self.names.get(name).map_or(Shape::Any, |id| Shape::Type(*id)),
            ("s", _) => Shape::String,
            ("b", _) => Shape::Boolean,
            ("i", _) => Shape::Int32,
            ("l", _) => Shape::Int64,
            ("d", _) => Shape::Double,
            ("B", _) => Shape::Bytes,
            ("q", _) => Shape::Quantity,
            ("x", _) => Shape::IntOrString,
            ("t", _) => Shape::Time,
            ("u", _) => Shape::MicroTime,
            ("o", _) => Shape::Object,
            _ => Shape::Any,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `load` takes for granted.
    #[test]
    fn the_table_is_well_formed() {
        let table = include_str!("schema/table.txt");
        let names: Vec<&str> =
            table.lines().filter(|l| !l.starts_with(' ')).filter_map(|l| l.split(' ').next()).collect();
        assert!(names.is_sorted() && names.windows(2).all(|w| w[0] != w[1]));
        assert!(!table.starts_with(' ') && !table.contains("  ") && !table.contains("\n\n"));
        for line in table.lines().filter_map(|line| line.strip_prefix(' ')) {
            let words: Vec<&str> = line.split(' ').collect();
            let shape = words[1].trim_start_matches(['[', '{']);
            let known =
                shape.strip_prefix('@').map_or("sbildBqxtuao".contains(shape), |n| names.contains(&n));
            assert!(known && !shape.is_empty(), "{line}");
            assert!(
                words[2..].iter().all(|w| w.split_at(2).0.ends_with('=') && "epklm".contains(&w[..1])),
                "{line}"
            );
        }
    }

    #[test]
    fn every_type_has_sorted_fields() {
        let schema = Schema::builtin();
        assert_eq!(
            (schema.types.len(), schema.types.iter().map(|t| t.fields.len()).sum::<usize>()),
            (760, 3137)
        );
        for t in &schema.types {
            assert!(t.fields.windows(2).all(|w| w[0].name < w[1].name), "{}", t.name);
        }
    }

    #[test]
    fn fields_of_a_container() {
        let schema = Schema::builtin();
        let pod = schema.kind("v1", "Pod").expect("Pod");
        assert_eq!((pod.name, pod.short_name()), ("core.v1.Pod", "Pod"));
        let spec = schema.type_of(&pod.field("spec").expect("spec").shape).expect("PodSpec");
        let containers = spec.field("containers").expect("containers");
        assert!(containers.required);
        assert_eq!((containers.patch_strategy, containers.merge_key), (Some("merge"), Some("name")));
        let container = schema.type_of(&containers.shape).expect("Container");
        let ports = container.field("ports").expect("ports");
        assert_eq!(ports.list_type, Some("map"));
        assert_eq!(ports.list_keys, ["containerPort", "protocol"]);
        assert_eq!(
            container.field("imagePullPolicy").expect("field").values,
            ["Always", "IfNotPresent", "Never"]
        );
        assert!(container.field("imagepullpolicy").is_none());
    }

    #[test]
    fn kinds_and_versions() {
        let schema = Schema::builtin();
        assert!(schema.kind("apps/v1", "Deployment").is_some());
        assert!(schema.kind("v1", "Deployment").is_none());
        assert!(schema.kind("v1", "Deploy").is_none());
        assert_eq!(schema.api_versions("HorizontalPodAutoscaler"), ["autoscaling/v1", "autoscaling/v2"]);
        assert_eq!(schema.api_versions("Nothing"), [""; 0]);
        assert!(schema.kinds().any(|k| k == ("resource.k8s.io/v1", "ResourceClaim")));
    }
}
