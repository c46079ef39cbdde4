//! Markdown, whose lines are texts of their own.

use std::borrow::Cow;

/// Renders each line anew, without its bullet and the spaces that break the line; blocks of code
/// stay as they are.
pub(crate) fn lines<'a>(text: &'a str, mut render: impl FnMut(&'a str) -> Cow<'a, str>) -> String {
    let mut rendered = String::with_capacity(text.len() * 2);
    let mut in_code = false;
    for line in text.split_inclusive('\n') {
        let is_fence = line.starts_with("```");
        in_code ^= is_fence;
        if is_fence || in_code {
            rendered.push_str(line);
            continue;
        }
        let content = line.strip_prefix("- ").unwrap_or(line);
        let (bullet, _) = line.split_at(line.len() - content.len());
        let content = content.trim_end();
        let end = line.get(bullet.len() + content.len()..);
        rendered.push_str(bullet);
        if !content.is_empty() {
            rendered.push_str(&render(content));
        }
        rendered.push_str(end.unwrap_or_default());
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_rendered_without_markup() {
        let text = "a\n\n- b  \nc\n```json\nd\n```\n";
        let rendered = lines(text, |line| format!("<{line}>").into());
        assert_eq!(rendered, "<a>\n\n- <b>  \n<c>\n```json\nd\n```\n");
        assert_eq!(lines("", |_| "x".into()), "");
    }
}
