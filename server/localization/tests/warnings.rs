//! Warnings of jobs as the jobs write them, in Japanese.

use localization::Localization::Japanese;

#[track_caller]
fn check(english: &str, expected: &str) {
    assert_eq!(Japanese.text(english), expected);
    assert!(Japanese.covers(english), "{english}");
}

#[test]
fn a_budget_that_is_not_met() {
    check(
        "`accuracy_budget` of 0.5 points is not met: the best model found loses 1.3 points on 1000 images; raise the budget, or set `accuracy_budget_precision` to \"float32\"",
        "`accuracy_budget` の 0.5 ポイントに収まりません: 見つかった最良のモデルでも、画像 1000 枚で 1.3 ポイント低下します。許容低下を大きくしてください。または `accuracy_budget_precision` を \"float32\" に設定してください。",
    );
    check(
        "`accuracy_budget` of 0 points is not met: the best model found loses 0.5 points on 200 images; raise the budget",
        "`accuracy_budget` の 0 ポイントに収まりません: 見つかった最良のモデルでも、画像 200 枚で 0.5 ポイント低下します。許容低下を大きくしてください。",
    );
}
