//! Label files, read for a job and checked for an editor.

use std::sync::Arc;

use configuration::labels::{LabelUse, check_labels};
use images::Labels;
use keras::OutputKind;

use crate::{Target, scratch};

pub(crate) const TARGET: Target = Target {
    name: "labels",
    seeds: || {
        let texts = [
            r#"{"daisy": 0, "dandelion": 1, "rose": 2}"#,
            "\u{feff}{\"b\": 1, \"\\u00e4\": 0}",
            "{\"a\": 0,\n \"a\": 1, // comment\n \"c\": 7.0, \"d\": -1}",
            r#"["daisy", "rose"]"#,
        ];
        texts.map(|text| text.as_bytes().to_vec()).to_vec()
    },
    examine: |input| {
        let labels = Labels::read(&scratch::write("labels.json", input));
        if let Ok(labels) = &labels {
            assert!(labels.len() > 0);
            for (id, name) in labels.names().iter().enumerate() {
                assert_eq!(labels.id(name), Some(id));
            }
        }
        let Ok(text) = str::from_utf8(input) else {
            assert!(labels.is_err());
            return;
        };
        let findings = check_labels(text, None);
        // The editor complains about exactly those files that a job would refuse.
        let complains = findings.iter().any(|finding| finding.is_error());
        assert_eq!(complains, labels.is_err(), "{findings:?}");
        let used = LabelUse {
            classes: Some(Arc::new(
                ["daisy", "b"].map(|it| (it.into(), [].into())).into(),
            )),
            output: Some(OutputKind::Scores { classes: 3 }),
            folder: "/images".into(),
        };
        for finding in check_labels(text, Some(&used)) {
            assert!(text.get(finding.range.start..finding.range.end).is_some());
        }
    },
};
