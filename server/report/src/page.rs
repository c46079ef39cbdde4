//! The frame of every page.

use crate::markup::Text;

/// Colours and layout. The variables of Visual Studio Code's web views come first, so that a report
/// has the theme of the editor around it; elsewhere the system's light or dark colours are used.
const STYLE: &str = include_str!("page.css");

/// A whole HTML document around `body`, which is markup.
pub(crate) fn document(title: &str, generator: &str, body: &str) -> String {
    let title = Text(title);
    let generator = Text(generator);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1><bdi>{title}</bdi></h1>\n{body}\
         <footer>{generator}</footer>\n</main>\n</body>\n</html>\n"
    )
}

/// Figures that a page begins with: a label, the figure, and what it means.
pub(crate) fn figures(items: &[(&str, String, String)]) -> String {
    let mut markup = "<dl class=\"figures\">\n".to_owned();
    for (label, figure, meaning) in items {
        markup += &format!(
            "<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>\n",
            Text(label),
            Text(figure),
            // A unit stays with its number.
            Text(&meaning.replace(" %", "\u{a0}%"))
        );
    }
    markup + "</dl>\n"
}
