//! Tables that scroll by themselves, by pointer and by keyboard.

use crate::markup::Text;

/// A column: its heading, and whether it holds text or numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    heading: &'static str,
    text: bool,
}

impl Column {
    pub(crate) const fn text(heading: &'static str) -> Self {
        Self {
            heading,
            text: true,
        }
    }

    pub(crate) const fn number(heading: &'static str) -> Self {
        Self {
            heading,
            text: false,
        }
    }
}

/// A table with a caption; each of `rows` is a whole `tr` element.
pub(crate) fn table(caption: &str, columns: &[Column], rows: &[String]) -> String {
    let mut markup = head(caption);
    for column in columns {
        let class = if column.text { " class=\"text\"" } else { "" };
        markup += &format!("<th scope=\"col\"{class}>{}</th>", Text(column.heading));
    }
    finish(markup, rows)
}

/// As [`table`], with headings from outside: the first is that of row headings, the others are over
/// numbers.
pub(crate) fn table_of(caption: &str, headings: &[String], rows: &[String]) -> String {
    let mut markup = head(caption);
    for (index, heading) in headings.iter().enumerate() {
        let class = if index == 0 { " class=\"text\"" } else { "" };
        markup += &format!("<th scope=\"col\"{class}><bdi>{}</bdi></th>", Text(heading));
    }
    finish(markup, rows)
}

fn head(caption: &str) -> String {
    let caption = Text(caption);
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\">\n\
         <table>\n<caption>{caption}</caption>\n<thead><tr>"
    )
}

fn finish(mut markup: String, rows: &[String]) -> String {
    markup += "</tr></thead>\n<tbody>\n";
    rows.iter().for_each(|row| markup += row);
    markup + "</tbody>\n</table>\n</div>\n"
}
