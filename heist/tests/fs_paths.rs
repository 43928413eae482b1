//! The functions of `fs` that take paths: what they do, and the error when they cannot.

mod fs_kit;

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use fs_kit::Folder;
use heist::fs;

#[heist::test]
async fn whole_files() {
    let folder = Folder::new();
    let path = folder.at("a");
    fs::write(&path, b"\xff\x00bytes").await.unwrap();
    assert_eq!(fs::read(&path).await.unwrap(), b"\xff\x00bytes");
    let error = fs::read_to_string(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    fs::write(&path, "text").await.unwrap();
    assert_eq!(fs::read_to_string(&path).await.unwrap(), "text");
    fs::write(&path, []).await.unwrap();
    assert_eq!(fs::read(&path).await.unwrap(), b"");
    let large = vec![7; 5 << 20];
    fs::write(&path, &large).await.unwrap();
    assert!(fs::read(&path).await.unwrap() == large);
}

#[heist::test]
async fn what_is_not_there() {
    let folder = Folder::new();
    let path = &folder.at("none");
    let there = &folder.file("there", "");
    let kinds = [
        fs::read(path).await.unwrap_err(),
        fs::read_to_string(path).await.unwrap_err(),
        fs::write(path.join("x"), "").await.unwrap_err(),
        fs::copy(path, there).await.unwrap_err(),
        fs::canonicalize(path).await.unwrap_err(),
        fs::metadata(path).await.unwrap_err(),
        fs::symlink_metadata(path).await.unwrap_err(),
        fs::read_link(path).await.unwrap_err(),
        fs::read_dir(path).await.unwrap_err(),
        fs::rename(path, there).await.unwrap_err(),
        fs::hard_link(path, folder.at("link")).await.unwrap_err(),
        fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
            .await
            .unwrap_err(),
        fs::remove_file(path).await.unwrap_err(),
        fs::remove_dir(path).await.unwrap_err(),
        fs::remove_dir_all(path).await.unwrap_err(),
        fs::create_dir(path.join("x")).await.unwrap_err(),
    ];
    for (n, error) in kinds.iter().enumerate() {
        assert_eq!(error.kind(), ErrorKind::NotFound, "number {n}: {error}");
    }
    assert!(!fs::try_exists(path).await.unwrap());
    assert!(fs::try_exists(there).await.unwrap());
    assert!(fs::try_exists(there.join("below a file")).await.is_err());
}

#[heist::test]
async fn copy_takes_contents_and_permissions_over() {
    let folder = Folder::new();
    let from = folder.file("from", "12345");
    let to = folder.file("to", "something longer");
    fs::set_permissions(&from, std::fs::Permissions::from_mode(0o640))
        .await
        .unwrap();
    assert_eq!(fs::copy(&from, &to).await.unwrap(), 5);
    assert_eq!(fs::read(&to).await.unwrap(), b"12345");
    let mode = fs::metadata(&to).await.unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[heist::test]
async fn rename_replaces() {
    let folder = Folder::new();
    let (from, to) = (folder.file("from", "new"), folder.file("to", "old"));
    fs::rename(&from, &to).await.unwrap();
    assert!(!from.exists());
    assert_eq!(fs::read(&to).await.unwrap(), b"new");
}

#[heist::test]
async fn links() {
    let folder = Folder::new();
    let file = folder.file("file", "data");
    let (hard, soft) = (folder.at("hard"), folder.at("soft"));
    fs::hard_link(&file, &hard).await.unwrap();
    fs::symlink("file", &soft).await.unwrap();
    fs::write(&file, "changed").await.unwrap();
    assert_eq!(fs::read(&hard).await.unwrap(), b"changed");
    assert_eq!(fs::read(&soft).await.unwrap(), b"changed");
    assert_eq!(fs::read_link(&soft).await.unwrap().to_str(), Some("file"));
    assert!(fs::symlink_metadata(&soft).await.unwrap().is_symlink());
    assert!(fs::metadata(&soft).await.unwrap().is_file());
    assert_eq!(fs::canonicalize(&soft).await.unwrap(), file);
    fs::remove_file(&file).await.unwrap();
    assert!(!fs::try_exists(&soft).await.unwrap());
    let error = fs::symlink("other", &soft).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[heist::test]
async fn directories() {
    let folder = Folder::new();
    let deep = folder.at("a").join("b").join("c");
    assert!(fs::create_dir(&deep).await.is_err());
    fs::create_dir_all(&deep).await.unwrap();
    fs::create_dir_all(&deep).await.unwrap();
    let error = fs::create_dir(&deep).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    fs::remove_dir(&deep).await.unwrap();
    fs::write(folder.at("a").join("file"), "x").await.unwrap();
    assert!(fs::remove_dir(folder.at("a")).await.is_err());
    fs::symlink(folder.path(), folder.at("a").join("up"))
        .await
        .unwrap();
    let kept = folder.file("kept", "");
    fs::remove_dir_all(folder.at("a")).await.unwrap();
    assert!(!folder.at("a").exists());
    assert!(kept.exists(), "a symbolic link was followed");
}

#[heist::test]
async fn dir_builder() {
    let folder = Folder::new();
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    let deep = folder.at("x").join("y");
    assert_eq!(
        builder.create(&deep).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    builder.recursive(true).create(&deep).await.unwrap();
    for path in [&deep, &folder.at("x")] {
        let mode = fs::metadata(path).await.unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
    builder.recursive(false);
    let error = builder.create(&deep).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
}

#[test]
fn outside_of_a_runtime_it_panics_and_says_how_to_enter_one() {
    let reading = std::panic::catch_unwind(|| {
        let mut reading = std::pin::pin!(fs::read("x"));
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        reading.as_mut().poll(&mut cx).is_ready()
    });
    let text = *reading.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("no heist runtime on this thread"), "{text}");
}
