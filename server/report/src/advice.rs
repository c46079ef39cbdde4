//! Advice on pages.

use serde_json::Value;

use crate::markup::Text;

/// Layers that are listed below advice; the data has them all.
const LISTED: usize = 20;

/// A piece of advice, wherever it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Piece<'a> {
    pub(crate) code: &'a str,
    pub(crate) layers: &'a [String],
    pub(crate) key: &'a str,
    pub(crate) value: Option<&'a Value>,
    pub(crate) message: String,
}

/// The section with all advice; nothing where there is none.
pub(crate) fn section<'a>(pieces: impl Iterator<Item = Piece<'a>>) -> String {
    let items: String = pieces.map(item).collect();
    if items.is_empty() {
        return items;
    }
    format!(
        "<section>\n<h2 id=\"advice\">Advice</h2>\n<ul class=\"advice\">\n{items}</ul>\n</section>\n"
    )
}

fn item(piece: Piece) -> String {
    let mut item = format!("<li>{}", Text(&piece.message));
    if let Some(value) = piece.value {
        let (key, value) = (Text(piece.key), value.to_string());
        item += &format!("<br>Setting: <code>{key}: {}</code>", Text(&value));
    }
    if piece.layers.len() > 1 {
        let names: Vec<String> = piece
            .layers
            .iter()
            .take(LISTED)
            .map(|name| format!("<bdi>{}</bdi>", Text(name)))
            .collect();
        let rest = match piece.layers.len().saturating_sub(LISTED) {
            0 => String::new(),
            rest => format!(" and {rest} more"),
        };
        item += &format!("<br>Layers: {}{rest}", names.join(", "));
    }
    format!(
        "{item} <span class=\"note\">[{}]</span></li>\n",
        Text(piece.code)
    )
}
