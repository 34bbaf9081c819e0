//! A key from an encrypted file, made by another program (Node's own cryptography), and what it signs put to a real Safe.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use butler_core::runtime::report::Chain as Causes;
use butler_core::sign::{KeyError, KeystoreFault, LocalKey};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure};
use butler_testkit::safe::{DeployedSafe, SafeCall, SafeOwner, SafePackages, SafeRelease};
use ethers_core::types::{Address, H256, RecoveryMessage, Signature};
use serde_json::{Value, json};

/// The key is that of the public test vectors of the format.
const ADDRESS: &str = "0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b";
const SECRET: &str = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
const PASSWORD: &[u8] = b"testpassword";
const SCRYPT: &str = include_str!("scrypt.json");
const PBKDF2: &str = include_str!("pbkdf2.json");

fn changed(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut keystore: Value = serde_json::from_str(SCRYPT).unwrap();
    change(&mut keystore);
    keystore.to_string().into_bytes()
}

fn fault(keystore: &[u8], password: &[u8]) -> KeystoreFault {
    match LocalKey::open(keystore, password) {
        Err(KeyError::Keystore(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_derivations_open_to_the_same_key() {
    let hash = H256::repeat_byte(7);
    for keystore in [SCRYPT, PBKDF2] {
        let key = LocalKey::open(keystore.as_bytes(), PASSWORD).unwrap();
        assert_eq!(key.address(), ADDRESS.parse::<Address>().unwrap());
        let signature = Signature::try_from(key.sign(hash).unwrap().as_slice()).unwrap();
        assert_eq!(signature.recover(RecoveryMessage::Hash(hash)).unwrap(), key.address());
        assert!(!format!("{key:?}").contains(SECRET));
    }
}

#[test]
fn a_key_without_its_address_or_in_the_older_spelling_opens_too() {
    let nameless = changed(|keystore| {
        keystore.as_object_mut().unwrap().remove("address");
    });
    let spelled = changed(|keystore| {
        let crypto = keystore.as_object_mut().unwrap().remove("crypto").unwrap();
        keystore["Crypto"] = crypto;
        keystore["address"] = json!(ADDRESS);
    });
    for keystore in [nameless, spelled] {
        assert_eq!(LocalKey::open(&keystore, PASSWORD).unwrap().address(), ADDRESS.parse::<Address>().unwrap());
    }
}

#[test]
fn another_password_or_a_changed_file_is_refused() {
    for password in [&b""[..], b"testpasswor", b"testpassword ", b"Testpassword"] {
        assert_eq!(fault(SCRYPT.as_bytes(), password), KeystoreFault::WrongPassword);
    }
    let flipped = changed(|keystore| {
        let text = keystore["crypto"]["ciphertext"].as_str().unwrap().to_owned();
        let last = if text.ends_with('0') { '1' } else { '0' };
        keystore["crypto"]["ciphertext"] = format!("{}{last}", &text[..text.len() - 1]).into();
    });
    assert_eq!(fault(&flipped, PASSWORD), KeystoreFault::WrongPassword);
    let renamed = changed(|keystore| keystore["address"] = json!(Address::repeat_byte(1)));
    let error = LocalKey::open(&renamed, PASSWORD).unwrap_err();
    assert!(matches!(error, KeyError::OtherAccount { .. }), "{error}");
}

#[test]
fn what_is_no_key_or_costs_too_much_is_refused_before_it_is_computed() {
    let parameters = |name: &str, value: Value| changed(|keystore| keystore["crypto"]["kdfparams"][name] = value);
    for (keystore, expected) in [
        (b"".to_vec(), KeystoreFault::NotV3),
        (b"{}".to_vec(), KeystoreFault::NotV3),
        (SECRET.as_bytes().to_vec(), KeystoreFault::NotV3),
        (changed(|keystore| keystore["version"] = json!(4)), KeystoreFault::Version(4)),
        (changed(|keystore| keystore["crypto"]["cipher"] = json!("aes-256-gcm")), KeystoreFault::Unknown("cipher")),
        (
            changed(|keystore| keystore["crypto"]["kdf"] = json!("argon2")),
            KeystoreFault::Unknown("derivation of its key"),
        ),
        (changed(|keystore| keystore["crypto"]["mac"] = json!("00")), KeystoreFault::Malformed("mac")),
        (parameters("dklen", json!(64)), KeystoreFault::Unknown("length of its derived key")),
        (parameters("n", json!(1_u64 << 40)), KeystoreFault::TooCostly),
        (parameters("n", json!(1_023)), KeystoreFault::Malformed("derivation")),
        (parameters("r", json!(u32::MAX)), KeystoreFault::TooCostly),
        (parameters("p", json!(17)), KeystoreFault::TooCostly),
        // Each pass begins with blocks of its own.
        (parameters("r", json!(4_000_000)), KeystoreFault::TooCostly),
        (
            changed(|keystore| {
                let parameters = &mut keystore["crypto"]["kdfparams"];
                (parameters["n"], parameters["r"], parameters["p"]) = (json!(2), json!(1_000_000), json!(16));
            }),
            KeystoreFault::TooCostly,
        ),
        (
            changed(|keystore| {
                let parameters = &mut keystore["crypto"]["kdfparams"];
                (parameters["n"], parameters["r"], parameters["p"]) = (json!(1 << 18), json!(8), json!(16));
            }),
            KeystoreFault::TooCostly,
        ),
        (parameters("p", json!(0)), KeystoreFault::Malformed("derivation")),
        (parameters("salt", json!("ab".repeat(129))), KeystoreFault::Malformed("salt")),
    ] {
        assert_eq!(fault(&keystore, PASSWORD), expected, "{}", String::from_utf8_lossy(&keystore));
    }
}

fn write(folder: &Path, name: &str, content: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    let mut file = File::options().write(true).create_new(true).mode(mode).open(&path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
    path
}

#[test]
fn files_that_others_may_read_are_refused_and_nothing_of_them_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let keystore = write(folder.path(), "key.json", SCRYPT, 0o600);
    let password = write(folder.path(), "password", "testpassword\n", 0o400);
    assert!(LocalKey::load(&keystore, &password).is_ok());
    for (keystore, password) in [
        (write(folder.path(), "open.json", SCRYPT, 0o640), password.clone()),
        (keystore.clone(), write(folder.path(), "open", "testpassword\n", 0o644)),
        (keystore.clone(), write(folder.path(), "wrong", "hunter2hunter2\n", 0o600)),
        (write(folder.path(), "plain.json", SECRET, 0o600), password),
    ] {
        let error = LocalKey::load(&keystore, &password).unwrap_err();
        let told = format!("{} {error:?}", Causes(&error));
        assert!(!told.contains(SECRET) && !told.contains("testpassword") && !told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_safe_takes_its_signature() {
    let chain = Chain::start_bare(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let packages = SafePackages::ensure().unwrap();
    let owner = SafeOwner::of_secret(SECRET).unwrap();
    let key = LocalKey::open(PBKDF2.as_bytes(), PASSWORD).unwrap();
    for release in SafeRelease::ALL {
        let safe =
            DeployedSafe::deploy(&chain, &packages, release, (std::slice::from_ref(&owner), 1), 0).await.unwrap();
        let call = SafeCall { to: Address::repeat_byte(9), ..SafeCall::default() };
        let signature = key.sign(safe.hash(&chain, &call).await.unwrap()).unwrap();
        safe.execute_signed(&chain, &call, signature.to_vec()).await.unwrap();
        assert_eq!(safe.nonce(&chain).await.unwrap(), 1, "{release:?}");
    }
}
