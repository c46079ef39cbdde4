//! Violations of the schema as findings with text ranges.

use super::decimals;
use super::document::{Schema, items, text, texts};
use super::message::{alternatives, dotted, range, shown, type_name};
use crate::code::Code;
use crate::edit::{add_members, remove_member};
use crate::finding::{Finding, MAX_FINDINGS, enumerated, quoted};
use crate::fix::{Change, Fix};
use crate::suggestion::nearest;
use crate::syntax::{Node, Value as Syntax};
use crate::text::TextRange;
use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use localization::{Text, phrase, text};
use serde_json::{Map, Value};

/// Validates an instance of a schema. The findings are in no particular order.
pub(crate) fn validate(schema: &'static Schema, root: &Node, text: &str) -> Vec<Finding> {
    let Some(instance) = root.to_json() else {
        return Vec::new();
    };
    let place = Place { schema, root, text };
    let violations = |instance: &Value| {
        let mut findings = Vec::new();
        for error in schema.validator().iter_errors(instance).take(MAX_FINDINGS) {
            Violation::of(place, &error).report(&mut findings);
        }
        findings
    };
    let mut findings = violations(&instance);
    let wrong_types = |instance: &Value| -> Vec<Vec<String>> {
        let findings = violations(instance).into_iter();
        let wrong = findings.filter(|finding| finding.code == Code::WrongType);
        wrong.map(|finding| finding.path).collect()
    };
    findings.extend(decimals::findings(&instance, root, text, wrong_types));
    findings.truncate(MAX_FINDINGS);
    without_renamed(findings)
}

/// Allowed values in one message; others are counted.
const MAX_NAMED: usize = 6;

/// A misspelt key and the required key that is missing for it are one mistake: only the
/// misspelling is kept.
fn without_renamed(findings: Vec<Finding>) -> Vec<Finding> {
    let renamed: Vec<Vec<String>> = findings
        .iter()
        .filter(|finding| matches!(finding.code, Code::UnknownKey | Code::WrongCaseKey))
        .filter_map(|finding| {
            let replacements = finding.fixes.first()?.replacements()?;
            let name = replacements.first()?.text.trim_matches('"');
            let parent = finding.path.split_last()?.1;
            Some(parent.iter().cloned().chain([name.to_owned()]).collect())
        })
        .collect();
    let stays =
        |finding: &Finding| finding.code != Code::MissingKey || !renamed.contains(&finding.path);
    findings.into_iter().filter(stays).collect()
}

/// An instance and what it should be like.
#[derive(Clone, Copy)]
struct Place<'a> {
    schema: &'static Schema,
    root: &'a Node,
    text: &'a str,
}

/// One violation: the value, and the part of the schema that it violates.
struct Violation<'a> {
    error: &'a ValidationError<'a>,
    place: Place<'a>,
    node: &'a Node,
    path: Vec<String>,
    schema: Map<String, Value>,
    /// A value that another branch of the schema takes.
    otherwise: Option<String>,
}

impl<'a> Violation<'a> {
    fn of(place: Place<'a>, error: &'a ValidationError<'a>) -> Violation<'a> {
        let path = segments(error.instance_path().as_str());
        let node = place.root.at(path.iter().map(String::as_str));
        Violation {
            error,
            place,
            node: node.unwrap_or(place.root),
            schema: place.schema.at(owner(error)),
            path,
            otherwise: None,
        }
    }

    fn report(&self, findings: &mut Vec<Finding>) {
        match self.error.kind() {
            ValidationErrorKind::AnyOf { context } => self.nearest_branch(context, findings),
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for name in unexpected.iter().take(MAX_FINDINGS) {
                    self.unknown_key(name, findings);
                }
            }
            ValidationErrorKind::Required { property } => {
                findings.extend(self.missing_key(property.as_str().unwrap_or_default()));
            }
            _ => findings.push(self.wrong_value()),
        }
    }

    /// Reports only the branch that the author has most probably meant: the one of the right
    /// type, and among several the one with the fewest violations.
    fn nearest_branch(
        &self,
        branches: &[Vec<ValidationError<'static>>],
        findings: &mut Vec<Finding>,
    ) {
        let here = self.error.instance_path().as_str();
        let wrong_type = |error: &ValidationError<'_>| {
            matches!(error.kind(), ValidationErrorKind::Type { .. })
                && error.instance_path().as_str() == here
        };
        let fitting = || {
            let branches = branches.iter();
            branches.filter(|errors| !errors.iter().any(wrong_type))
        };
        if let Some(errors) = fitting().min_by_key(|errors| errors.len()) {
            let others = fitting().flatten().filter(|other| {
                matches!(other.kind(), ValidationErrorKind::Pattern { .. })
                    && other.instance_path().as_str() == here
            });
            let example = |other: &ValidationError<'_>| {
                let schema = self.place.schema.at(owner(other));
                Some((*texts(&schema, "examples").first()?).to_owned())
            };
            let otherwise = others.filter_map(example).next();
            for error in errors {
                let mut violation = Violation::of(self.place, error);
                violation.otherwise.clone_from(&otherwise);
                violation.report(findings);
            }
            return;
        }
        let expected: Vec<&str> = branches
            .iter()
            .flatten()
            .filter(|error| wrong_type(error))
            .flat_map(|error| expected_types(error.kind()))
            .collect();
        findings.push(self.wrong_type(&expected));
    }

    fn unknown_key(&self, name: &str, findings: &mut Vec<Finding>) {
        let known: Vec<&str> = self
            .schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let members = self
            .node
            .as_object()
            .map_or(&[][..], |object| &object.members);
        let path: Vec<&str> = self.path.iter().map(String::as_str).chain([name]).collect();
        let named = members.iter().filter(|member| member.key.name == name);
        let absent = |key: &str| members.iter().all(|member| member.key.name != key);
        for member in named.take(MAX_FINDINGS) {
            let range = member.key.range;
            let shown = quoted(name);
            let cased = known.iter().find(|key| key.eq_ignore_ascii_case(name));
            let (code, message, suggestion) = match (cased, nearest(name, known.iter().copied())) {
                (Some(&key), _) => (
                    Code::WrongCaseKey,
                    text!("the key {shown} is in the wrong case, and case matters; write `{key}`"),
                    Some(key),
                ),
                (None, Some(key)) => (
                    Code::UnknownKey,
                    text!("there is no key {shown}; did you mean `{key}`?"),
                    Some(key),
                ),
                (None, None) => (
                    Code::UnknownKey,
                    text!(
                        "there is no key {shown}{parent}; remove it, or start its name with `//` to keep it as a comment",
                        parent = self.parent_clause()
                    ),
                    None,
                ),
            };
            let mut finding = Finding::new(code, range, &path, message);
            if let Some(key) = suggestion.filter(|key| absent(key)) {
                let rename = Fix::replace(text!("Rename to `{key}`"), range, format!("\"{key}\""));
                finding = finding.with_fix(rename.preferred());
            }
            // A note whose key lacks the slashes needs nothing else.
            if suggestion.is_none()
                && member
                    .value
                    .as_ref()
                    .is_some_and(|value| value.as_str().is_some())
            {
                let comment = serde_json::Value::from(format!("// {name}")).to_string();
                finding =
                    finding.with_fix(Fix::replace(phrase!("Turn into a comment"), range, comment));
            }
            findings.push(finding.with_fixes(self.removal(self.node, range)));
        }
    }

    /// The removal of the member whose key stands at `key`.
    fn removal(&self, object: &Node, key: TextRange) -> Option<Fix> {
        let members = &object.as_object()?.members;
        let position = members.iter().position(|member| member.key.range == key)?;
        let shown = quoted(&members.get(position)?.key.name);
        let removal = remove_member(object, position)?;
        Some(Fix::change(text!("Remove {shown}"), Change::Text(removal)))
    }

    fn missing_key(&self, name: &str) -> Option<Finding> {
        let object = self.node.as_object()?;
        // A member without a value is a syntax error, and a broken object may have the key.
        if !object.complete || object.member(name).is_some() {
            return None;
        }
        let range = self.key_range().unwrap_or(TextRange::new(
            self.node.range.start,
            self.node.range.start + 1,
        ));
        let help = self
            .schema
            .get("properties")
            .and_then(|properties| properties.get(name))
            .map(|property| self.place.schema.resolve(property))
            .unwrap_or_default();
        let example = help.get("default").cloned().unwrap_or(Value::Null);
        let meaning = Text::of_document(text(&help, "description")).inside_sentence();
        let path: Vec<&str> = self.path.iter().map(String::as_str).chain([name]).collect();
        let message = text!(
            "the key `{name}` is missing{parent} ({meaning}); add it, for example \"{name}\": {example}",
            parent = self.parent_clause()
        );
        let addition = add_members(
            self.place.text,
            self.node,
            &[(format!("\"{name}\""), example.to_string())],
        );
        let fix = addition
            .map(|addition| Fix::change(text!("Add `{name}`"), Change::Text(addition)).preferred());
        Some(Finding::new(Code::MissingKey, range, &path, message).with_fixes(fix))
    }

    /// Every violation of a single value.
    fn wrong_value(&self) -> Finding {
        let instance = self.error.instance();
        let name = self.name();
        match self.error.kind() {
            kind @ ValidationErrorKind::Type { .. } => self.wrong_type(&expected_types(kind)),
            ValidationErrorKind::Minimum { .. }
            | ValidationErrorKind::ExclusiveMinimum { .. }
            | ValidationErrorKind::Maximum { .. } => {
                let allowed = range(&self.schema).unwrap_or_default();
                let message =
                    text!("{name} is {instance}, but it must be {allowed}; change the number");
                self.finding(Code::OutOfRange, message)
                    .with_fixes(self.nearest_bound())
            }
            ValidationErrorKind::Enum { .. } => self.not_in_enum(),
            ValidationErrorKind::MinLength { .. } => {
                let example = texts(&self.schema, "examples");
                let message = text!(
                    "{name} is empty; write a value, for example {example}",
                    example = alternatives(example.get(..1).unwrap_or_default())
                );
                self.finding(Code::EmptyValue, message)
                    .with_fixes(self.default_value())
            }
            ValidationErrorKind::Pattern { .. } => {
                let value = quoted(instance.as_str().unwrap_or_default());
                let examples = alternatives(&texts(&self.schema, "examples"));
                let message = text!("{name} cannot be {value}; write {examples}");
                self.finding(Code::InvalidValue, message)
                    .with_fixes(self.default_value())
            }
            ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MaxItems { limit }
                if self.is_list_of_channels() =>
            {
                self.wrong_channel_count(*limit)
            }
            ValidationErrorKind::MinItems { limit } => {
                let message = text!("{name} is an empty list; write at least {limit} entry");
                self.finding(Code::WrongItemCount, message)
            }
            ValidationErrorKind::MaxItems { limit } => {
                let count = instance.as_array().map_or(0, Vec::len);
                let message =
                    text!("{name} has {count} entries, but at most {limit} are read; write fewer");
                self.finding(Code::WrongItemCount, message)
            }
            ValidationErrorKind::MaxLength { limit } => {
                let message = text!("{name} has more than {limit} characters; write fewer");
                self.finding(Code::InvalidValue, message)
            }
            ValidationErrorKind::Not { .. } => {
                let reason = Text::of_document(text(&self.schema, "description"));
                let fix = self
                    .parent()
                    .zip(self.key_range())
                    .and_then(|(parent, key)| self.removal(parent, key))
                    .map(Fix::preferred);
                self.finding(Code::ConflictingKeys, text!("{name} {reason}; remove it"))
                    .with_fixes(fix)
            }
            // The schema uses no other keyword; a test holds it to that.
            _ => self.finding(
                Code::InvalidValue,
                text!("{name} has a value that is not allowed; see the documentation of the key"),
            ),
        }
    }

    /// A list that has not one number for each channel.
    fn wrong_channel_count(&self, limit: u64) -> Finding {
        let (name, instance) = (self.name(), self.error.instance());
        let count = instance.as_array().map_or(0, Vec::len);
        if self.path == ["input_tensor_size"] {
            let message = text!(
                "{name} has {count} numbers, but a size needs 2; write height and width, for example [240, 320], or a single number for a square"
            );
            return self.finding(Code::WrongItemCount, message);
        }
        let message = text!(
            "{name} has {count} numbers, but a list needs {limit}, one for each colour channel; write {limit} numbers or a single one without brackets"
        );
        let single = match &self.node.value {
            Syntax::Array(items) => items.first(),
            _ => None,
        };
        let fix = single.map(|item| {
            let number = item.range.of(self.place.text).to_owned();
            Fix::replace(
                text!("Write {number} for all channels"),
                self.node.range,
                number,
            )
        });
        self.finding(Code::WrongItemCount, message).with_fixes(fix)
    }

    fn wrong_type(&self, expected: &[&str]) -> Finding {
        let instance = self.error.instance();
        let types = expected.iter().map(|name| type_name(name).into());
        let needed = Text::list(phrase!(" or "), types);
        let unquoted = self
            .node
            .as_str()
            .map(str::trim)
            .filter(|text| expected.contains(&scalar_type(text)));
        let remedy = match (unquoted, &self.node.value) {
            (Some(_), _) => text!("remove the quotes"),
            (None, Syntax::Number(_)) if expected == ["integer"] => {
                text!("write it without a fraction")
            }
            _ => match self.schema.get("default") {
                Some(default) => text!("write for example {default}"),
                None => text!("write {needed}"),
            },
        };
        let name = self.name();
        let message = text!(
            "{name} is {instance}, but it must be {needed}; {remedy}",
            instance = shown(instance)
        );
        let finding = self.finding(Code::WrongType, message);
        finding.with_fixes(match unquoted {
            Some(text) => {
                let fix = Fix::replace(
                    phrase!("Remove the quotes"),
                    self.node.range,
                    text.to_owned(),
                );
                Some(fix.preferred())
            }
            None => self.default_value(),
        })
    }

    /// The default in place of the value.
    fn default_value(&self) -> Option<Fix> {
        let default = self.schema.get("default")?.to_string();
        let title = text!("Write the default {default}");
        Some(Fix::replace(title, self.node.range, default))
    }

    /// The bound that a number lies beyond, in its place.
    fn nearest_bound(&self) -> Option<Fix> {
        let number = self.error.instance().as_f64()?;
        let (least, most) = (self.schema.get("minimum"), self.schema.get("maximum"));
        let below = least.filter(|least| least.as_f64().is_some_and(|least| number < least));
        let above = most.filter(|most| most.as_f64().is_some_and(|most| number > most));
        let bound = below.or(above)?.to_string();
        Some(Fix::replace(text!("Write {bound}"), self.node.range, bound))
    }

    fn not_in_enum(&self) -> Finding {
        let allowed = texts(&self.schema, "enum");
        let name = self.name();
        let only_texts = allowed.len() == items(&self.schema, "enum").count();
        let Some(value) = self.node.as_str().filter(|_| only_texts) else {
            return self.not_in_list();
        };
        let shown = quoted(value);
        // The likely ones stand in the documentation.
        let mut choice = match allowed.get(..MAX_NAMED) {
            Some(first) if allowed.len() > MAX_NAMED => {
                let first = first.iter().map(|one| Text::verbatim(format!("`{one}`")));
                let first: Vec<Text> = first.collect();
                let more = allowed.len() - MAX_NAMED;
                text!(
                    "{names} or one of {more} others",
                    names = enumerated(&first)
                )
            }
            _ => alternatives(&allowed),
        };
        if let Some(example) = &self.otherwise {
            choice = text!("{choice}, or a value such as `{example}`");
        }
        let suggestion = nearest(value, allowed.iter().copied());
        let message = match suggestion {
            Some(suggestion) => {
                text!("{name} cannot be {shown}, only {choice}; did you mean `{suggestion}`?")
            }
            None => text!("{name} cannot be {shown}; write {choice}"),
        };
        // The likely value first, then the others.
        let others = allowed
            .iter()
            .copied()
            .filter(|one| Some(*one) != suggestion);
        let fixes = suggestion.into_iter().chain(others).map(|one| {
            let fix = Fix::replace(
                text!("Write `{one}`"),
                self.node.range,
                format!("\"{one}\""),
            );
            if Some(one) == suggestion {
                fix.preferred()
            } else {
                fix
            }
        });
        self.finding(Code::InvalidValue, message).with_fixes(fixes)
    }

    /// A value that is none of several, which are no texts.
    fn not_in_list(&self) -> Finding {
        let allowed: Vec<String> = items(&self.schema, "enum").map(Value::to_string).collect();
        let shown: Vec<&str> = allowed.iter().map(String::as_str).collect();
        let message = text!(
            "{name} is {value}, but it must be {choice}; change the value",
            name = self.name(),
            value = quoted(self.node.range.of(self.place.text)),
            choice = alternatives(&shown)
        );
        let fixes = allowed.iter().map(|one| {
            let title = text!("Write {one}");
            Fix::replace(title, self.node.range, one.clone())
        });
        self.finding(Code::InvalidValue, message).with_fixes(fixes)
    }

    /// Whether the schema wants one number for each channel.
    fn is_list_of_channels(&self) -> bool {
        self.schema.contains_key("minItems")
            && self.schema.get("minItems") == self.schema.get("maxItems")
    }

    fn finding(&self, code: Code, message: impl Into<Text>) -> Finding {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        Finding::new(code, self.node.range, &path, message)
    }

    /// What the value is called in a sentence.
    fn name(&self) -> Text {
        match self.path.is_empty() {
            true => self.place.schema.subject.into(),
            false => Text::verbatim(quoted(&dotted(&self.path))),
        }
    }

    fn parent_clause(&self) -> Text {
        match self.path.is_empty() {
            true => Text::default(),
            false => text!(" in {parent}", parent = self.name()),
        }
    }

    /// The key that the value stands under.
    fn key_range(&self) -> Option<TextRange> {
        let name = self.path.last()?;
        Some(self.parent()?.as_object()?.member(name)?.key.range)
    }

    /// The object or list that the value is in.
    fn parent(&self) -> Option<&Node> {
        let (_, parents) = self.path.split_last()?;
        self.place.root.at(parents.iter().map(String::as_str))
    }
}

/// The segments of a JSON pointer (RFC 6901).
fn segments(pointer: &str) -> Vec<String> {
    pointer
        .split('/')
        .skip(1)
        .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// Where in the schema the violated keyword stands.
fn owner<'a>(error: &'a ValidationError<'_>) -> &'a str {
    let keyword = error.schema_path().as_str();
    keyword.rsplit_once('/').map_or("", |(owner, _)| owner)
}

fn expected_types(kind: &ValidationErrorKind) -> Vec<&'static str> {
    match kind {
        ValidationErrorKind::Type {
            kind: TypeKind::Single(expected),
        } => vec![expected.as_str()],
        ValidationErrorKind::Type {
            kind: TypeKind::Multiple(expected),
        } => expected.iter().map(|one| one.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// The JSON type that a text would have without its quotes.
fn scalar_type(text: &str) -> &'static str {
    match text {
        "true" | "false" => "boolean",
        _ if text.parse::<u64>().is_ok() => "integer",
        _ if text.parse::<f64>().is_ok_and(f64::is_finite) => "number",
        _ => "string",
    }
}
