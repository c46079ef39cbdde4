//! Warnings and failures of jobs as the jobs write them, in Japanese.

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

#[test]
fn warnings_about_images_and_runs() {
    check(
        "in \"/data/val\": 3 file(s) with another extension are left out (2 .png, 1 .gif)",
        "\"/data/val\": 拡張子の異なるファイル 3 個は除かれます (2 .png, 1 .gif)",
    );
    check(
        "in \"/data/val\": label \"roses\" has no folder: no picture of this class is evaluated",
        "\"/data/val\": ラベル \"roses\" にフォルダーがありません: このクラスの画像は評価されません",
    );
    check(
        "in \"/data/val\": 2 class folders (\"a\", \"b\") have no picture",
        "\"/data/val\": 2 個のクラスフォルダー (\"a\", \"b\") に画像がありません",
    );
    check(
        "2 of 100 images cannot be read and were left out, first: /data/val/a.jpg is incomplete: the JPEG's end is missing; copy or download it again",
        "画像 100 枚のうち 2 枚は読み取れないため除かれました。最初の原因: /data/val/a.jpg は不完全です: JPEG の終わりがありません。コピーまたはダウンロードし直してください。",
    );
    check(
        "this run is not kept in \"/out/runs\": No space left on device (os error 28); the results are complete without it",
        "この実行は \"/out/runs\" に保存されません: ディスクの空き容量がありません (os error 28)。結果はそれがなくても完全です。",
    );
}

#[test]
fn models_that_are_damaged() {
    check(
        "the HDF5 data is damaged at the file header (it is cut off); copy or save the file again",
        "HDF5 データのファイルのヘッダーが壊れています (途中で切れています)。ファイルをコピーまたは保存し直してください。",
    );
    check(
        "layer \"conv1\": weight \"kernel\" has shape [3, 3, 3, 8] where the configuration asks for [3, 3, 3, 16]; save the model again",
        "層 \"conv1\" の重み \"kernel\" の形状は [3, 3, 3, 8] ですが、構成では [3, 3, 3, 16] です。モデルを保存し直してください。",
    );
    check(
        "the .keras archive is damaged (\"config.json\" does not match its checksum); copy or save the file again",
        ".keras アーカイブが壊れています (\"config.json\" がチェックサムと一致しません)。ファイルをコピーまたは保存し直してください。",
    );
    check(
        "the SavedModel is damaged in variables/variables.index (it is cut off, 12 of 4096 bytes are there); copy or save the model again",
        "SavedModel の variables/variables.index が壊れています (途中で切れています (4096 バイト中 12 バイト))。モデルをコピーまたは保存し直してください。",
    );
    check(
        "the SavedModel is damaged in saved_model.pb (node \"StatefulPartitionedCall\" has too few inputs); copy or save the model again",
        "SavedModel の saved_model.pb が壊れています (ノード \"StatefulPartitionedCall\" の入力が足りません)。モデルをコピーまたは保存し直してください。",
    );
    check(
        "the model's configuration is damaged at the JSON text: an entry is not an object; save the model again",
        "モデルの構成の JSON テキストが壊れています: 項目がオブジェクトではありません。モデルを保存し直してください。",
    );
    check(
        "the TFLite file is damaged or cut off: the list of tensors at byte 512 leaves the file; write it again",
        "TFLite ファイルが壊れているか、途中で切れています: 512 バイト目のテンソルのリストがファイルの外に出ています。書き込み直してください。",
    );
    check(
        "the TFLite file is damaged: tensor \"a\" of shape [1, 8] has 7 bytes; write it again",
        "TFLite ファイルが壊れています: 形状 [1, 8] のテンソル \"a\" が 7 バイトです。書き込み直してください。",
    );
}

#[test]
fn layers_that_cannot_be_converted() {
    check(
        "2 layers of the model cannot be converted: \"a\" (Einsum): its equation sums over an axis of one operand only; \"b\" (TFOpLambda): its argument \"axis\" is constant; replace them and save the model again",
        "モデルに変換できない層が 2 個あります: \"a\" (Einsum): 式が一方のオペランドだけの軸で和を取ります。\"b\" (TFOpLambda): 引数 \"axis\" が定数です。置き換えて、モデルを保存し直してください。",
    );
    check(
        "layer \"conv\" (Conv2D) has a kernel [3, 3, 4, 8] that does not fit 3 input channels",
        "層 \"conv\" (Conv2D) のカーネル [3, 3, 4, 8] が入力の 3 チャネルに合いません",
    );
    check(
        "the model has too many operators, more than the 100000 this program reads",
        "モデルには多すぎる演算子があり、このプログラムが読み取る上限 100000 を超えています",
    );
}
