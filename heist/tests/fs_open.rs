//! `OpenOptions`, and what can be done with an open `File` besides reading and writing.

mod fs_kit;

use std::io::ErrorKind;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use fs_kit::Folder;
use heist::fs::{self, File, FileTimes, OpenOptions};
use heist::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, SeekFrom};

#[heist::test]
async fn open_create_and_create_new() {
    let folder = Folder::new();
    let path = folder.at("f");
    assert_eq!(File::open(&path).await.unwrap_err().kind(), ErrorKind::NotFound);
    let mut new = File::create_new(&path).await.unwrap();
    new.write_all(b"both ways").await.unwrap();
    new.rewind().await.unwrap();
    let mut text = String::new();
    new.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "both ways");
    assert_eq!(
        File::create_new(&path).await.unwrap_err().kind(),
        ErrorKind::AlreadyExists
    );
    let emptied = File::create(&path).await.unwrap();
    assert_eq!(emptied.metadata().await.unwrap().len(), 0);
    let mut reader = File::open(&path).await.unwrap();
    assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
    assert!(format!("{reader:?}").starts_with("heist::fs::File { std: File { fd: "));
}

#[heist::test]
async fn every_option() {
    let folder = Folder::new();
    let path = folder.file("f", "12345");
    let mut appending = OpenOptions::new().append(true).open(&path).await.unwrap();
    let mut writing = OpenOptions::new().write(true).open(&path).await.unwrap();
    writing.write_all(b"ab").await.unwrap();
    writing.flush().await.unwrap();
    appending.write_all(b"6").await.unwrap();
    appending.flush().await.unwrap();
    assert_eq!(fs::read(&path).await.unwrap(), b"ab3456");
    let both = OpenOptions::new()
        .read(true)
        .write(true)
        .truncate(true)
        .open(&path)
        .await;
    assert_eq!(both.unwrap().read(&mut [0; 8]).await.unwrap(), 0);
    let mut options = OpenOptions::default();
    let error = options.open(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let secret = folder.at("secret");
    let file = options
        .write(true)
        .create(true)
        .mode(0o600)
        .open(&secret)
        .await
        .unwrap();
    let mode = file.metadata().await.unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(options.clone().create_new(true).open(&secret).await.is_err());
    fs::symlink(&path, folder.at("link")).await.unwrap();
    let followed = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(folder.at("link"))
        .await;
    assert_eq!(followed.unwrap_err().raw_os_error(), Some(libc::ELOOP));
    let mut std = std::fs::OpenOptions::new();
    std.read(true);
    let mut file = OpenOptions::from(std).open(&secret).await.unwrap();
    assert_eq!(file.read(&mut [0; 8]).await.unwrap(), 0);
}

#[heist::test]
async fn set_len_cuts_and_extends_and_leaves_the_position() {
    let folder = Folder::new();
    let path = folder.file("f", "123456789");
    let mut file = File::options().read(true).write(true).open(&path).await.unwrap();
    let mut two = [0; 2];
    file.read_exact(&mut two).await.unwrap();
    file.set_len(4).await.unwrap();
    let mut rest = Vec::new();
    file.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"34");
    file.set_len(6).await.unwrap();
    file.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"34\0\0");
    let reader = File::open(&path).await.unwrap();
    assert!(reader.set_len(0).await.is_err());
    assert_eq!(fs::metadata(&path).await.unwrap().len(), 6);
}

#[heist::test]
async fn permissions_and_times() {
    let folder = Folder::new();
    let mut file = File::create(folder.at("f")).await.unwrap();
    let mut permissions = file.metadata().await.unwrap().permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions).await.unwrap();
    assert!(
        fs::metadata(folder.at("f"))
            .await
            .unwrap()
            .permissions()
            .readonly()
    );
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    // The write in flight changes the time; what was asked for must come after it.
    file.write_all(&[1; 1000]).await.unwrap();
    let times = FileTimes::new().set_accessed(at(1_000)).set_modified(at(2_000));
    file.set_times(times.clone()).await.unwrap();
    let metadata = file.metadata().await.unwrap();
    assert_eq!(
        (metadata.accessed().unwrap(), metadata.modified().unwrap()),
        (at(1_000), at(2_000))
    );
    file.set_modified(at(3_000)).await.unwrap();
    let metadata = file.metadata().await.unwrap();
    assert_eq!(
        (metadata.accessed().unwrap(), metadata.modified().unwrap()),
        (at(1_000), at(3_000))
    );
}

#[heist::test]
async fn clones_share_the_position() {
    let folder = Folder::new();
    let path = folder.file("f", "0123456789");
    let mut file = File::open(&path).await.unwrap();
    file.set_max_buf_size(3);
    let mut byte = [0];
    // Reading has begun to run ahead by now; the clone must be where the user is all the same.
    for expected in b"01234" {
        file.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte[0], *expected);
    }
    let mut clone = file.try_clone().await.unwrap();
    assert_eq!(clone.max_buf_size(), 3);
    for (n, expected) in b"56789".iter().enumerate() {
        let reader = if n % 2 == 0 { &mut clone } else { &mut file };
        reader.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte[0], *expected);
    }
    clone.seek(SeekFrom::Start(1)).await.unwrap();
    file.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"1");
}

#[heist::test]
async fn to_std_and_back() {
    use std::io::{Read, Write};
    let folder = Folder::new();
    let path = folder.file("f", "abcdef");
    let mut file = File::open(&path).await.unwrap();
    let mut byte = [0];
    for _ in 0..3 {
        file.read_exact(&mut byte).await.unwrap();
    }
    let mut std = file.into_std().await;
    std.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"d");
    let mut file = File::from(std);
    file.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"e");
    let mut std = file.try_into_std().unwrap();
    std.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"f");

    let file = File::from(OwnedFd::from(std::fs::File::create(&path).unwrap()));
    assert!(file.as_raw_fd() >= 0);
    let mut std = file.into_std().await;
    std.write_all(b"by std").unwrap();
    assert_eq!(fs::read(&path).await.unwrap(), b"by std");
}

#[heist::test]
async fn sync() {
    let folder = Folder::new();
    let mut file = File::create(folder.at("f")).await.unwrap();
    file.write_all(b"1").await.unwrap();
    file.sync_data().await.unwrap();
    assert_eq!(std::fs::read(folder.at("f")).unwrap(), b"1");
    file.write_all(b"2").await.unwrap();
    file.sync_all().await.unwrap();
    assert_eq!(std::fs::read(folder.at("f")).unwrap(), b"12");
}
