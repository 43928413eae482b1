//! `read_dir` and its entries: few and many, a directory that changes under us, futures that are dropped.

mod fs_kit;

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;

use fs_kit::{Folder, Gate, cancelled_half_way, one_blocking_thread};
use heist::fs;

async fn names(mut entries: fs::ReadDir) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await.unwrap() {
        names.push(entry.file_name().into_string().unwrap());
    }
    assert!(
        entries.next_entry().await.unwrap().is_none(),
        "the end stays the end"
    );
    names
}

#[heist::test]
async fn every_entry_once_however_many_there_are() {
    for count in [0, 1, 31, 32, 33, 95, 96, 97, 10_000] {
        let folder = Folder::new();
        let expected: BTreeSet<_> = (0..count).map(|n| format!("entry {n}")).collect();
        expected.iter().for_each(|name| drop(folder.file(name, "")));
        let found = names(fs::read_dir(folder.path()).await.unwrap()).await;
        assert_eq!(found.len(), count);
        assert!(found.into_iter().collect::<BTreeSet<_>>() == expected);
    }
}

#[heist::test]
async fn what_an_entry_knows() {
    let folder = Folder::new();
    folder.file("file", "12345");
    std::fs::create_dir(folder.at("dir")).unwrap();
    std::os::unix::fs::symlink("file", folder.at("link")).unwrap();
    let mut entries = fs::read_dir(folder.path()).await.unwrap();
    let mut seen = 0;
    while let Some(entry) = entries.next_entry().await.unwrap() {
        let (kind, metadata) = (entry.file_type().await.unwrap(), entry.metadata().await.unwrap());
        assert_eq!(entry.path(), folder.path().join(entry.file_name()));
        assert_eq!(entry.ino(), metadata.ino());
        assert_eq!(metadata.file_type(), kind);
        match entry.file_name().to_str().unwrap() {
            "file" => assert!(kind.is_file() && metadata.len() == 5),
            "dir" => assert!(kind.is_dir()),
            "link" => assert!(kind.is_symlink()),
            other => panic!("{other}"),
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[heist::test]
async fn an_entry_that_is_gone_by_then() {
    let folder = Folder::new();
    let path = folder.file("file", "");
    let mut entries = fs::read_dir(folder.path()).await.unwrap();
    let entry = entries.next_entry().await.unwrap().unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(entry.file_type().await.unwrap().is_file(), "the listing knew it");
    let error = entry.metadata().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(entries.next_entry().await.unwrap().is_none());
}

#[heist::test]
async fn a_directory_removed_while_it_is_read() {
    let folder = Folder::new();
    let inner = folder.at("inner");
    std::fs::create_dir(&inner).unwrap();
    (0..5_000).for_each(|n| std::fs::write(inner.join(n.to_string()), "").unwrap());
    let mut entries = fs::read_dir(&inner).await.unwrap();
    entries.next_entry().await.unwrap().unwrap();
    fs::remove_dir_all(&inner).await.unwrap();
    let mut listed = 1;
    // It ends: with what was read before, and no error, as the operating system has it.
    while entries.next_entry().await.unwrap().is_some() {
        listed += 1;
    }
    assert!((32..5_000).contains(&listed), "{listed}");
    assert!(fs::read_dir(&inner).await.is_err());
    assert!(fs::read_dir(folder.file("file", "")).await.is_err());
}

#[test]
fn a_cancelled_next_entry_loses_none() {
    let (runtime, folder) = (one_blocking_thread(), Folder::new());
    (0..100).for_each(|n| drop(folder.file(&n.to_string(), "")));
    let mut entries = runtime.block_on(fs::read_dir(folder.path())).unwrap();
    let found = runtime.block_on(async {
        for _ in 0..32 {
            entries.next_entry().await.unwrap().unwrap();
        }
        let gate = Gate::close(&runtime);
        cancelled_half_way(entries.next_entry()).await;
        cancelled_half_way(entries.next_entry()).await;
        gate.open();
        names(entries).await.len()
    });
    assert_eq!(found, 68);
}
