//! Files without a secret are read, whatever else operators write into them: of each kind of honest data many are tried.

mod kinds;

use std::collections::BTreeMap;

use butler_core::fuzzing;
use butler_core::key_files::FaultKind;
use serde_json::{Value, json};

use self::kinds::{Dice, kinds};

/// How many files of each kind are tried.
const TRIES: u64 = 4;

/// Prose of many languages.
const COMMENTS: [&str; 22] = [
    "Diese Datei gehört zum zweiten Server und darf nicht geändert werden, bis der Umzug fertig ist.",
    "Ce fichier appartient au deuxième serveur ; ne pas le modifier avant la fin du déménagement, merci.",
    "Este archivo pertenece al segundo servidor y no debe modificarse hasta que termine la mudanza del año.",
    "Questo file appartiene al secondo server e non deve essere modificato fino alla fine del trasloco.",
    "Este ficheiro pertence ao segundo servidor e não deve ser alterado até ao fim da mudança, obrigado.",
    "Tento soubor patří druhému serveru a nesmí se měnit, dokud nebude stěhování hotové. Děkuji.",
    "Ten plik należy do drugiego serwera i nie wolno go zmieniać, dopóki przeprowadzka się nie skończy.",
    "Этот файл принадлежит второму серверу, не меняйте его до конца переезда, спасибо.",
    "Цей файл належить другому серверу, не змінюйте його до кінця переїзду.",
    "这是第二台服务器的密钥文件，请不要修改它。搬迁完成之前请联系运维人员。",
    "這是第二台伺服器的金鑰檔案，請不要修改它。搬遷完成之前請聯繫維運人員。",
    "これは二番目のサーバーの鍵ファイルです。引っ越しが終わるまで変更しないでください。",
    "이 파일은 두 번째 서버의 것이며 이전이 끝날 때까지 변경하지 마십시오. 감사합니다.",
    "هذا الملف يخص الخادم الثاني ولا يجوز تعديله حتى تنتهي عملية النقل.",
    "הקובץ הזה שייך לשרת השני ואין לשנות אותו עד לסיום המעבר.",
    "यह फ़ाइल दूसरे सर्वर की है, स्थानांतरण पूरा होने तक इसे न बदलें।",
    "Bu dosya ikinci sunucuya aittir, taşınma bitene kadar değiştirilmemelidir.",
    "Tệp này thuộc về máy chủ thứ hai, xin đừng thay đổi cho đến khi chuyển xong.",
    "ไฟล์นี้เป็นของเซิร์ฟเวอร์เครื่องที่สอง ห้ามแก้ไขจนกว่าการย้ายจะเสร็จสิ้น",
    "Tämä tiedosto kuuluu toiselle palvelimelle, älä muuta sitä ennen kuin muutto on valmis.",
    "✅ done 🚀 moved → rack 7 (see §3.2) — 50 % of the keys, ±2",
    "line one\nline two\tafter a tab\r\nC:\\keys\\server-1\\validators.json and \\\\nas\\share\\b2",
];

/// Files of each shape with an honest value in the places where tools write such things.
fn files(value: &Value, dice: &mut Dice) -> Vec<Value> {
    let validators: Vec<Value> = (0..1 + dice.below(12))
        .map(|_| json!({"attester": {"eth": dice.address()}, "publisher": [dice.address()], "coinbase": dice.address(), "feeRecipient": format!("0x{:064x}", dice.below(9)), "x-info": value}))
        .collect();
    vec![
        json!({"schemaVersion": 1, "validators": validators, "_meta": value}),
        json!({"note": value, "attesters": [{"address": dice.address(), "lastSeenState": "ACTIVE"}, {"address": dice.address(), "extra": value}], "version": "2.0"}),
        json!([{"attester": dice.address(), "info": {"deep": [value, value]}}, {"attester": dice.address()}]),
    ]
}

#[test]
fn honest_data_of_every_kind_is_read() {
    let mut refused = BTreeMap::<&str, Vec<String>>::new();
    let mut dice = Dice(0);
    for (name, kind) in kinds() {
        for _ in 0..TRIES {
            let value = kind(&mut dice);
            for file in files(&value, &mut dice) {
                let report = fuzzing::key_file(file.to_string().as_bytes());
                let secret = report.faults.iter().find(|fault| fault.kind == FaultKind::Secret);
                if let Some(fault) = secret {
                    refused.entry(name).or_default().push(format!("{fault}: {value}"));
                }
            }
        }
    }
    let told: Vec<String> =
        refused.iter().map(|(name, all)| format!("{name}: {} of {}, {}", all.len(), TRIES * 3, all[0])).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

#[test]
fn comments_in_every_language_are_read() {
    let mut dice = Dice(1_000_000);
    for comment in COMMENTS {
        for file in files(&json!(comment), &mut dice) {
            let report = fuzzing::key_file(file.to_string().as_bytes());
            assert!(!report.files.is_empty(), "{comment}: {:?}", report.faults);
        }
    }
}

#[test]
fn prose_and_rules_of_this_project_hold_no_phrase() {
    /// One of so many paragraphs is tried.
    const EACH: usize = 9;
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = Vec::new();
    for pattern in ["docs/**/*.md", "*.md", "deploy/**/*.y*ml"] {
        for path in glob::glob(root.join(pattern).to_str().unwrap()).unwrap() {
            let text = std::fs::read_to_string(path.unwrap()).unwrap();
            texts.extend(text.split("\n\n").filter(|text| text.len() < 4_000).map(str::to_owned));
        }
    }
    assert!(texts.len() > 500);
    for text in texts.iter().step_by(EACH) {
        let file = json!({"validators": [{"attester": "0x1111111111111111111111111111111111111111", "note": text}]});
        let report = fuzzing::key_file(file.to_string().as_bytes());
        let is_phrase = report.faults.iter().any(|fault| fault.to_string().contains("a mnemonic"));
        assert!(!is_phrase, "{text}");
    }
}
