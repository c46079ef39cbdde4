//! Images on which float and int8 disagree.

use super::{Answer, Disagreement, EvaluationReport};
use crate::markup::Text;
use crate::number::{grouped, percent, significant};

pub(super) fn section(report: &EvaluationReport) -> String {
    let disagreements = &report.disagreements;
    let heading =
        "<section>\n<h2 id=\"disagreements\">Images on which float and int8 disagree</h2>\n";
    if disagreements.total == 0 {
        return format!(
            "{heading}<p>None: <code>model.tflite</code> and <code>model_quantized.tflite</code> name the same class for every image.</p>\n</section>\n"
        );
    }
    let shown = disagreements.images.len();
    let mut markup = format!(
        "{heading}<p class=\"note\">{} of {} images get another class from <code>model_quantized.tflite</code> than from <code>model.tflite</code>{}. \
         First those that int8 gets wrong and float right, then those that only int8 gets right, then the rest.</p>\n<ul class=\"gallery\">\n",
        grouped(disagreements.total as u64),
        grouped(report.images as u64),
        match shown < disagreements.total {
            true => format!("; {shown} of them are shown"),
            false => String::new(),
        }
    );
    let scores = Scores::of(disagreements.images.iter());
    for image in &disagreements.images {
        markup += &card(image, scores);
    }
    markup + "</ul>\n</section>\n"
}

/// How scores read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scores {
    Probabilities,
    Plain,
}

impl Scores {
    /// Scores that all lie between zero and one are taken for probabilities.
    fn of<'a>(images: impl Iterator<Item = &'a Disagreement>) -> Self {
        let within = |answer: &Answer| (0.0..=1.0).contains(&answer.score);
        let mut images = images;
        match images.all(|image| within(&image.float) && within(&image.int8)) {
            true => Self::Probabilities,
            false => Self::Plain,
        }
    }

    fn show(self, score: f32) -> String {
        match self {
            Self::Probabilities => percent(f64::from(score)),
            Self::Plain => significant(f64::from(score)),
        }
    }
}

fn card(image: &Disagreement, scores: Scores) -> String {
    let picture = match &image.thumbnail {
        Some(picture) => format!(
            "<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"Image {}\">",
            Text(&picture.uri),
            picture.width,
            picture.height,
            Text(&image.file)
        ),
        None => "<span class=\"missing\">no picture</span>".to_owned(),
    };
    let answer = |name: &str, answer: &Answer| {
        let right = answer.class.as_deref() == Some(&*image.actual);
        let class = answer.class.as_deref().unwrap_or("output without label");
        // A word and a sign, because colours alone do not reach everybody.
        let (kind, sign, word) = match right {
            true => ("right", "✓", "right"),
            false => ("wrong", "✗", "wrong"),
        };
        format!(
            "<dt>{name}</dt><dd class=\"{kind}\"><span aria-label=\"{word}\" role=\"img\">{sign}</span> <bdi>{}</bdi> <small>{}</small></dd>\n",
            Text(class),
            scores.show(answer.score)
        )
    };
    format!(
        "<li>\n<div class=\"frame\">{picture}</div>\n<p class=\"file\"><bdi>{}</bdi></p>\n<dl>\n<dt>class</dt><dd><bdi>{}</bdi></dd>\n{}{}</dl>\n</li>\n",
        Text(&image.file),
        Text(&image.actual),
        answer("float", &image.float),
        answer("int8", &image.int8)
    )
}
