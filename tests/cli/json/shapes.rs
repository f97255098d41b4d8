//! The shapes of documents, read from the types that are serialised.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use syn::{Attribute, Fields, Item, Type};

use crate::stale::{complain, project};

/// What a value may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Bool,
    /// One of some texts.
    Choice(Vec<String>),
    /// A list.
    List(Box<Shape>),
    /// The value or null.
    Maybe(Box<Shape>),
    /// An object whose keys are data.
    Map(Box<Shape>),
    /// An object with fields, by its module and name.
    Object(String),
    /// What these shapes cannot say.
    Any,
    /// One of several objects, told apart by a field.
    OneOf(String, Vec<(String, Object)>),
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key.
    pub name: String,
    /// What it is, from the source.
    pub doc: String,
    /// What it holds.
    pub shape: Shape,
    /// Whether it may be absent.
    pub is_optional: bool,
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// What it is, from the source.
    pub doc: String,
    /// Its fields, in order.
    pub fields: Vec<Field>,
}

/// Every serialised type.
#[derive(Default)]
pub struct Types {
    /// Objects by `module::Name`.
    pub objects: BTreeMap<String, Object>,
    others: BTreeMap<String, Shape>,
}

/// Files whose types are parts of documents, beside those of `src/ops`.
const MORE_FILES: &[&str] = &["src/cli/report.rs", "src/worktree/facts.rs"];

impl Types {
    /// Reads the types from the sources.
    pub fn read() -> Self {
        let mut files = vec![];
        for entry in walkdir::WalkDir::new(project("src/ops")) {
            files.push(entry.expect("a file").into_path());
        }
        files.extend(MORE_FILES.iter().map(|file| project(file)));
        files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
        files.sort();
        let mut items = Vec::new();
        for file in files {
            let module = file.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&file).expect("UTF-8");
            let parsed = syn::parse_file(&text).expect("the library compiles");
            items.extend(parsed.items.into_iter().map(|item| (module.clone(), item)));
        }
        // Enums first: structs name them.
        let mut types = Self::default();
        let known: Vec<(String, String)> =
            items.iter().filter_map(|(m, i)| Some((m.clone(), name_of(i)?))).collect();
        for (module, item) in &items {
            if let Item::Enum(item) = item
                && is_serialised(&item.attrs)
            {
                types.read_enum(module, item, &known);
            }
        }
        for (module, item) in &items {
            if let Item::Struct(item) = item
                && is_serialised(&item.attrs)
            {
                let fields = types.fields(module, &item.fields, &known);
                let object = Object { doc: doc(&item.attrs), fields };
                types.objects.insert(format!("{module}::{}", item.ident), object);
            }
        }
        types.flatten();
        types
    }

    fn read_enum(&mut self, module: &str, item: &syn::ItemEnum, known: &[(String, String)]) {
        let rule = serde_value(&item.attrs, "rename_all");
        let name = |variant: &syn::Variant| {
            let own = serde_value(&variant.attrs, "rename");
            own.unwrap_or_else(|| renamed(&variant.ident.to_string(), rule.as_deref()))
        };
        let shape = match serde_value(&item.attrs, "tag") {
            Some(tag) => {
                let object = |v: &syn::Variant| Object {
                    doc: doc(&v.attrs),
                    fields: self.fields(module, &v.fields, known),
                };
                Shape::OneOf(tag, item.variants.iter().map(|v| (name(v), object(v))).collect())
            }
            None => Shape::Choice(item.variants.iter().map(name).collect()),
        };
        self.others.insert(format!("{module}::{}", item.ident), shape);
    }

    fn fields(&self, module: &str, fields: &Fields, known: &[(String, String)]) -> Vec<Field> {
        let field = |field: &syn::Field| {
            // A variant that holds a struct has its fields.
            let mut name = field.ident.as_ref().map_or("*".to_owned(), ToString::to_string);
            if has_serde(&field.attrs, "skip") {
                return None;
            }
            if has_serde(&field.attrs, "flatten") {
                name = format!("*{name}");
            }
            let name = serde_value(&field.attrs, "rename").unwrap_or(name);
            let shape = match serde_value(&field.attrs, "serialize_with").as_deref() {
                Some("encode::optional_id" | "encode::optional_path") => {
                    Shape::Maybe(Box::new(Shape::Text))
                }
                Some("encode::ids") => Shape::List(Box::new(Shape::Text)),
                Some("encode::pairs") => Shape::Map(Box::new(Shape::Text)),
                Some("encode::id" | "encode::path") => Shape::Text,
                Some("encode::hunks") => {
                    Shape::List(Box::new(Shape::Object("encode::HunkDocument".to_owned())))
                }
                Some(other) => {
                    complain(&format!("say in tests/cli/json/shapes.rs what {other} makes"));
                    Shape::Any
                }
                None => self.shape(module, &field.ty, known),
            };
            let is_optional = serde_value(&field.attrs, "skip_serializing_if").is_some();
            Some(Field { name, doc: doc(&field.attrs), shape, is_optional })
        };
        fields.iter().filter_map(field).collect()
    }

    fn shape(&self, module: &str, ty: &Type, known: &[(String, String)]) -> Shape {
        let path = match ty {
            Type::Path(path) => path,
            Type::Reference(reference) => return self.shape(module, &reference.elem, known),
            Type::Slice(slice) => {
                return Shape::List(Box::new(self.shape(module, &slice.elem, known)));
            }
            _ => return Shape::Any,
        };
        let last = path.path.segments.last().expect("a type has a name");
        let inner: Vec<&Type> = match &last.arguments {
            syn::PathArguments::AngleBracketed(args) => args
                .args
                .iter()
                .filter_map(|arg| match arg {
                    syn::GenericArgument::Type(ty) => Some(ty),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        let inside = |at: usize| Box::new(self.shape(module, inner[at], known));
        match last.ident.to_string().as_str() {
            "String" | "str" => Shape::Text,
            "bool" => Shape::Bool,
            "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64" | "f64" => Shape::Number,
            "Option" => Shape::Maybe(inside(0)),
            "Vec" => Shape::List(inside(0)),
            "Box" => *inside(0),
            "BTreeMap" => Shape::Map(inside(1)),
            name => {
                let is_it = |(_, known): &&(String, String)| known == name;
                let here = known.iter().filter(is_it).find(|(of, _)| of == module);
                let Some((of, _)) = here.or_else(|| known.iter().find(is_it)) else {
                    complain(&format!("{module}: {name} has no shape: use one of ops/encode.rs"));
                    return Shape::Any;
                };
                let key = format!("{of}::{name}");
                self.others.get(&key).cloned().unwrap_or(Shape::Object(key))
            }
        }
    }

    /// Puts the fields of flattened objects in their places.
    fn flatten(&mut self) {
        let objects = self.objects.clone();
        let spread = |fields: &mut Vec<Field>| {
            // A field of its own stands for one of the same name further in.
            let own: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
            let taken = std::mem::take(fields).into_iter().flat_map(|field| {
                let is_spread = field.name.starts_with('*');
                let mut taken = spread(&objects, field);
                taken.retain(|inner| !is_spread || !own.contains(&inner.name));
                taken
            });
            *fields = taken.collect();
        };
        self.objects.values_mut().for_each(|object| spread(&mut object.fields));
        for shape in self.others.values_mut() {
            if let Shape::OneOf(_, variants) = shape {
                variants.iter_mut().for_each(|(_, object)| spread(&mut object.fields));
            }
        }
    }

    /// The shape of a type.
    pub fn named(&self, module: &str, name: &str) -> Option<Shape> {
        let key = format!("{module}::{name}");
        let object = self.objects.contains_key(&key).then(|| Shape::Object(key.clone()));
        object.or_else(|| self.others.get(&key).cloned())
    }

    /// The objects that a shape names in its fields.
    pub fn parts(&self, shape: &Shape) -> Vec<String> {
        let of_fields = |fields: &[Field]| fields.iter().flat_map(|f| named_in(&f.shape)).collect();
        match shape {
            Shape::Object(name) => of_fields(&self.objects[name].fields),
            Shape::OneOf(_, variants) => variants
                .iter()
                .flat_map(|(_, object)| of_fields(&object.fields))
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        }
    }

    /// The name of an object as it is shown.
    pub fn title<'t>(&self, name: &'t str) -> &'t str {
        name.rsplit("::").next().unwrap_or(name)
    }

    /// Checks a document, which also holds the version of its shape.
    pub fn check_document(&self, shape: &Shape, document: &Value) -> Result<(), String> {
        let mut document = document.clone();
        let schema = document.as_object_mut().and_then(|object| object.remove("schema"));
        if schema != Some(1.into()) {
            return Err(format!("schema is {schema:?}"));
        }
        self.check(shape, &document, "the document")
    }

    fn check(&self, shape: &Shape, value: &Value, at: &str) -> Result<(), String> {
        let all = |values: Vec<(String, &Value)>, shape: &Shape| {
            let check =
                |(key, value): &(String, &Value)| self.check(shape, value, &format!("{at}.{key}"));
            values.iter().try_for_each(check)
        };
        match (shape, value) {
            (Shape::Text, Value::String(_))
            | (Shape::Number, Value::Number(_))
            | (Shape::Bool, Value::Bool(_)) => Ok(()),
            (Shape::Choice(texts), Value::String(text)) if texts.contains(text) => Ok(()),
            (Shape::Any, _) | (Shape::Maybe(_), Value::Null) => Ok(()),
            (Shape::Maybe(inner), value) => self.check(inner, value, at),
            (Shape::List(inner), Value::Array(list)) => {
                all((0..).map(|n: usize| n.to_string()).zip(list).collect(), inner)
            }
            (Shape::Map(inner), Value::Object(map)) => {
                all(map.iter().map(|(k, v)| (k.clone(), v)).collect(), inner)
            }
            (Shape::Object(name), Value::Object(map)) => {
                self.check_fields(&self.objects[name].fields, map, at)
            }
            (Shape::OneOf(tag, variants), Value::Object(map)) => {
                let mut map = map.clone();
                let value = map.remove(tag).unwrap_or_default();
                let variant = variants.iter().find(|(name, _)| value == **name);
                let (_, object) = variant.ok_or_else(|| format!("{at}.{tag} is {value}"))?;
                self.check_fields(&object.fields, &map, at)
            }
            _ => Err(format!("{at} is {value}, not {}", shape.described())),
        }
    }

    fn check_fields(
        &self,
        fields: &[Field],
        map: &serde_json::Map<String, Value>,
        at: &str,
    ) -> Result<(), String> {
        for field in fields {
            match map.get(&field.name) {
                Some(value) => self.check(&field.shape, value, &format!("{at}.{}", field.name))?,
                None if field.is_optional => {}
                None => return Err(format!("{at} has no '{}'", field.name)),
            }
        }
        match map.keys().find(|key| fields.iter().all(|field| field.name != **key)) {
            Some(key) => Err(format!("{at} has '{key}', which is not written down")),
            None => Ok(()),
        }
    }
}

impl Shape {
    /// The shape in words.
    pub fn described(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Bool => "true or false".to_owned(),
            Self::Choice(texts) => {
                texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
            }
            Self::List(inner) => format!("list of {}", inner.described()),
            Self::Maybe(inner) => format!("{} or null", inner.described()),
            Self::Map(inner) => format!("object of {}", inner.described()),
            Self::Object(name) => {
                let name = name.rsplit("::").next().unwrap_or(name);
                format!("[{name}](#{})", name.to_lowercase())
            }
            Self::Any => "anything".to_owned(),
            Self::OneOf(tag, _) => format!("object, see `{tag}`"),
        }
    }
}

/// The fields of a flattened object, whose own may be flattened too, or else the field.
fn spread(objects: &BTreeMap<String, Object>, field: Field) -> Vec<Field> {
    let (name, may_be_absent) = match (&field.shape, field.name.starts_with('*')) {
        (Shape::Object(name), true) => (name, field.is_optional),
        // None adds no field.
        (Shape::Maybe(inner), true) => match &**inner {
            Shape::Object(name) => (name, true),
            _ => return vec![field],
        },
        _ => return vec![field],
    };
    let mut fields: Vec<Field> =
        objects[name].fields.iter().flat_map(|field| spread(objects, field.clone())).collect();
    fields.iter_mut().for_each(|field| field.is_optional |= may_be_absent);
    fields
}

fn named_in(shape: &Shape) -> Vec<String> {
    match shape {
        Shape::Object(name) => vec![name.clone()],
        Shape::List(inner) | Shape::Maybe(inner) | Shape::Map(inner) => named_in(inner),
        _ => Vec::new(),
    }
}

fn name_of(item: &Item) -> Option<String> {
    match item {
        Item::Struct(item) if is_serialised(&item.attrs) => Some(item.ident.to_string()),
        Item::Enum(item) if is_serialised(&item.attrs) => Some(item.ident.to_string()),
        _ => None,
    }
}

fn is_serialised(attrs: &[Attribute]) -> bool {
    attrs.iter().filter(|attr| attr.path().is_ident("derive")).any(|attr| {
        let syn::Meta::List(list) = &attr.meta else { return false };
        list.tokens.clone().into_iter().any(|token| token.to_string() == "Serialize")
    })
}

/// The first sentence or paragraph of a doc comment.
fn doc(attrs: &[Attribute]) -> String {
    let line = |attr: &Attribute| match &attr.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
                Some(text.value().trim().to_owned())
            }
            _ => None,
        },
        _ => None,
    };
    let lines: Vec<String> =
        attrs.iter().filter_map(line).take_while(|line| !line.is_empty()).collect();
    lines.join(" ")
}

fn has_serde(attrs: &[Attribute], word: &str) -> bool {
    let mut found = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        // What is no flag has a value, which is read and left.
        let _ = attr.parse_nested_meta(|meta| {
            found |= meta.path.is_ident(word);
            if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Lit>()?;
            }
            Ok(())
        });
    }
    found
}

fn serde_value(attrs: &[Attribute], key: &str) -> Option<String> {
    let mut found = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let _ = attr.parse_nested_meta(|meta| {
            if meta.input.peek(syn::Token![=]) {
                let value = meta.value()?.parse::<syn::LitStr>()?.value();
                if meta.path.is_ident(key) {
                    found = Some(value);
                }
            }
            Ok(())
        });
    }
    found
}

fn renamed(name: &str, rule: Option<&str>) -> String {
    let separated = |separator: char| {
        let mut out = String::new();
        for c in name.chars() {
            if c.is_uppercase() && !out.is_empty() {
                out.push(separator);
            }
            out.extend(c.to_lowercase());
        }
        out
    };
    match rule {
        Some("lowercase") => name.to_lowercase(),
        Some("snake_case") => separated('_'),
        Some("kebab-case") => separated('-'),
        _ => name.to_owned(),
    }
}
