//! Changes of the members of an object that keep the text's layout.

use crate::fix::Replacement;
use crate::syntax::{Member, Node};
use crate::text::TextRange;
/// The insertion of members behind those that an object has. A member is a key and its value, both
/// as JSON text. `None` where the node is no object.
pub(crate) fn add_members(
    text: &str,
    object: &Node,
    members: &[(String, String)],
) -> Option<Replacement> {
    let existing = &object.as_object()?.members;
    let written = |separator: &str| {
        let members = members.iter().map(|(key, value)| format!("{key}: {value}"));
        members.collect::<Vec<_>>().join(separator)
    };
    let Some(last) = existing.last() else {
        let outer = indentation(text, object.range.start).unwrap_or_default();
        let inner = format!("\n{outer}  ");
        let content = TextRange::new(object.range.start + 1, content_end(text, object));
        let blank = content.of(text).trim().is_empty();
        let range = if blank {
            content
        } else {
            TextRange::at(content.start)
        };
        let new = format!("{inner}{}\n{outer}", written(&format!(",{inner}")));
        return Some(Replacement { range, text: new });
    };
    let end = last
        .value
        .as_ref()
        .map_or(last.key.range.end, |value| value.range.end);
    let separator = match indentation(text, last.key.range.start) {
        Some(indentation) => format!("\n{indentation}"),
        None => " ".to_owned(),
    };
    // A comma that already stands behind the last member is used, and none is put behind ours.
    let rest = text.get(end..).unwrap_or_default();
    let comma = rest.trim_start().starts_with(',');
    let at = match rest.find(',') {
        Some(offset) if comma => end + offset + 1,
        _ => end,
    };
    let first = if comma { "" } else { "," };
    let new = format!("{first}{separator}{}", written(&format!(",{separator}")));
    Some(Replacement {
        range: TextRange::at(at),
        text: new,
    })
}

/// The removal of the member at `position` of an object, with the comma that would be left over.
pub(crate) fn remove_member(object: &Node, position: usize) -> Option<Replacement> {
    let members = &object.as_object()?.members;
    let member = members.get(position)?;
    let end = |member: &Member| {
        member
            .value
            .as_ref()
            .map_or(member.key.range.end, |value| value.range.end)
    };
    let before = position
        .checked_sub(1)
        .and_then(|before| members.get(before));
    let range = match (before, members.get(position + 1)) {
        (Some(before), _) => TextRange::new(end(before), end(member)),
        (None, Some(next)) => TextRange::new(member.key.range.start, next.key.range.start),
        (None, None) => TextRange::new(member.key.range.start, end(member)),
    };
    Some(Replacement {
        range,
        text: String::new(),
    })
}

/// Where the content of an object ends: at its closing brace, if it has one.
fn content_end(text: &str, object: &Node) -> usize {
    let closed = object.range.of(text).ends_with('}') && object.range.end > object.range.start + 1;
    if closed {
        object.range.end - 1
    } else {
        object.range.end
    }
}

/// The white space before `offset` on its line, where there is nothing else.
fn indentation(text: &str, offset: usize) -> Option<&str> {
    let before = text.get(..offset)?;
    let line = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let indentation = before.get(line..)?;
    let starts_text = line == 0 && !before.is_empty();
    (indentation.trim().is_empty() && !starts_text).then_some(indentation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fix::apply;
    use crate::syntax::parse;

    #[test]
    fn members_are_added_in_the_layout_of_the_others() {
        let check = |text: &str, expected: &str| {
            let root = parse(text).root.unwrap();
            let members = [("x", "1"), ("y", "2")]
                .map(|(key, value)| (format!("\"{key}\""), value.to_owned()));
            let change = add_members(text, &root, &members).unwrap();
            assert_eq!(apply(text, &[&change]), expected);
        };
        check("{}", "{\n  \"x\": 1,\n  \"y\": 2\n}");
        check("{\n}", "{\n  \"x\": 1,\n  \"y\": 2\n}");
        check("{\"a\": 0}", "{\"a\": 0, \"x\": 1, \"y\": 2}");
        check(
            "{\n    \"a\": 0\n}",
            "{\n    \"a\": 0,\n    \"x\": 1,\n    \"y\": 2\n}",
        );
        check(
            "{\n\t\"a\": {},\n}",
            "{\n\t\"a\": {},\n\t\"x\": 1,\n\t\"y\": 2\n}",
        );
        check("{\"a\": 0", "{\"a\": 0, \"x\": 1, \"y\": 2");
    }

    #[test]
    fn removed_members_leave_no_comma() {
        let check = |position: usize, text: &str, expected: &str| {
            let root = parse(text).root.unwrap();
            let change = remove_member(&root, position).unwrap();
            assert_eq!(apply(text, &[&change]), expected);
        };
        check(0, "{\"a\": 0}", "{}");
        check(0, "{\n  \"a\": 0,\n  \"b\": 1\n}", "{\n  \"b\": 1\n}");
        check(1, "{\n  \"a\": 0,\n  \"b\": 1\n}", "{\n  \"a\": 0\n}");
        check(1, "{\"a\": 0, \"b\", \"c\": 1}", "{\"a\": 0, \"c\": 1}");
    }
}
