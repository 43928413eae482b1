//! A borrowed byte buffer that knows which of its bytes are filled and which are initialised.
//!
//! ```text
//! [             capacity               ]
//! [ filled |         unfilled          ]
//! [    initialized    | uninitialized  ]
//! ```
//!
//! Invariants
//!
//! - I1: `filled <= initialized <= buf.len()`, upheld by every method, `assume_init` included.
//! - I2: `buf[..initialized]` holds initialised bytes. Nothing here writes an uninitialised byte over an
//!   initialised one, and the callers of the unsafe methods promise the same.
//! - I3: a count that [`poll_read_uninit`] returns is at most the length of the slice it was given, and so
//!   many bytes at the slice's start are initialised, whatever the reader did with its `&mut ReadBuf`: a
//!   reader that puts another buffer in its place is caught by the buffer's address and panics.
//! - I4: the first `initialized` bytes of the spare capacity of a [`VecTail`]'s vector are initialised; the
//!   vector is borrowed or owned by the tail and changes only in its methods.
//! - I5: `start <= end <= initialized <= memory.len()` in a [`Buffer`], and `memory[..initialized]` is
//!   initialised.
//!
//! Absent on purpose: any zeroing that the reader has not asked for (`initialize_unfilled` asks).

#![allow(unsafe_code)]

use super::AsyncRead;
use bytes::BufMut;
use bytes::buf::UninitSlice;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A wrapper around a byte buffer that is incrementally filled and initialised.
///
/// The buffer is one slice with two marks in it. Bytes before the *filled* mark are data that was read.
/// Bytes before the *initialized* mark, which is never behind the filled one, have a defined value, left
/// from earlier use or zero. The rest may be uninitialised memory, so that a reader can be handed the
/// spare capacity of a vector without clearing it first.
///
/// # Examples
///
/// ```
/// use heist::io::ReadBuf;
/// use std::mem::MaybeUninit;
///
/// let mut memory = [MaybeUninit::uninit(); 8];
/// let mut buf = ReadBuf::uninit(&mut memory);
/// buf.put_slice(b"abc");
/// assert_eq!(buf.filled(), b"abc");
/// assert_eq!(buf.remaining(), 5);
/// ```
pub struct ReadBuf<'a> {
    buf: &'a mut [MaybeUninit<u8>],
    filled: usize,
    initialized: usize,
}

impl<'a> ReadBuf<'a> {
    /// A `ReadBuf` over a fully initialised buffer, with nothing filled.
    #[inline]
    pub fn new(buf: &'a mut [u8]) -> ReadBuf<'a> {
        let initialized = buf.len();
        let buf = buf as *mut [u8] as *mut [MaybeUninit<u8>];
        // SAFETY: same layout and lifetime, exclusively borrowed; by I2 no byte is ever made uninitialised,
        // so the lender finds a valid `[u8]` afterwards.
        let buf = unsafe { &mut *buf };
        ReadBuf {
            buf,
            filled: 0,
            initialized,
        }
    }

    /// A `ReadBuf` over a buffer that may be uninitialised, with nothing filled.
    ///
    /// Bytes that are known to be initialised can be declared so with [`assume_init`](Self::assume_init).
    #[inline]
    pub fn uninit(buf: &'a mut [MaybeUninit<u8>]) -> ReadBuf<'a> {
        ReadBuf {
            buf,
            filled: 0,
            initialized: 0,
        }
    }

    /// The length of the whole buffer, in bytes.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.buf.len()
    }

    /// The filled part of the buffer.
    #[inline]
    pub fn filled(&self) -> &[u8] {
        // SAFETY: I1 and I2: the filled bytes are initialised.
        unsafe { assume_init_ref(&self.buf[..self.filled]) }
    }

    /// The filled part of the buffer, mutably.
    #[inline]
    pub fn filled_mut(&mut self) -> &mut [u8] {
        // SAFETY: I1 and I2: the filled bytes are initialised.
        unsafe { assume_init_mut(&mut self.buf[..self.filled]) }
    }

    /// A new `ReadBuf` over the first `n` bytes of the unfilled part, or over all of it if it is shorter.
    ///
    /// Bytes filled in the new one do not count as filled here: tell this one with
    /// [`assume_init`](Self::assume_init) and [`advance`](Self::advance).
    #[inline]
    pub fn take(&mut self, n: usize) -> ReadBuf<'_> {
        let n = n.min(self.remaining());
        ReadBuf::uninit(&mut self.buf[self.filled..][..n])
    }

    /// The initialised part of the buffer, which includes the filled one.
    #[inline]
    pub fn initialized(&self) -> &[u8] {
        // SAFETY: I2.
        unsafe { assume_init_ref(&self.buf[..self.initialized]) }
    }

    /// The initialised part of the buffer, which includes the filled one, mutably.
    #[inline]
    pub fn initialized_mut(&mut self) -> &mut [u8] {
        // SAFETY: I2.
        unsafe { assume_init_mut(&mut self.buf[..self.initialized]) }
    }

    /// The whole buffer.
    ///
    /// # Safety
    ///
    /// Bytes that are initialised must not be made uninitialised.
    #[inline]
    pub unsafe fn inner_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        self.buf
    }

    /// The unfilled part of the buffer, of which some bytes may be initialised.
    ///
    /// # Safety
    ///
    /// Bytes that are initialised must not be made uninitialised.
    #[inline]
    pub unsafe fn unfilled_mut(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.buf[self.filled..]
    }

    /// The unfilled part of the buffer, after setting to zero what of it was not initialised.
    ///
    /// The zeroing happens once for each byte, not once for each call.
    #[inline]
    pub fn initialize_unfilled(&mut self) -> &mut [u8] {
        self.initialize_unfilled_to(self.remaining())
    }

    /// The first `n` bytes of the unfilled part, after setting to zero what of them was not initialised.
    ///
    /// # Panics
    ///
    /// If [`remaining`](Self::remaining) is less than `n`.
    #[inline]
    #[track_caller]
    pub fn initialize_unfilled_to(&mut self, n: usize) -> &mut [u8] {
        assert!(
            n <= self.remaining(),
            "{n} bytes asked for, but only {} remain: check remaining() first",
            self.remaining()
        );
        let end = self.filled + n;
        if self.initialized < end {
            self.buf[self.initialized..end].fill(MaybeUninit::new(0));
            self.initialized = end;
        }
        // SAFETY: I2: `end` is within the initialised part by now.
        unsafe { assume_init_mut(&mut self.buf[self.filled..end]) }
    }

    /// How many bytes at the end of the buffer are not filled.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.buf.len() - self.filled
    }

    /// Sets the filled mark back to the start; the initialised mark stays.
    #[inline]
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// Moves the filled mark on by `n` bytes, which must be initialised.
    ///
    /// # Panics
    ///
    /// If the filled part would outgrow the initialised part.
    #[inline]
    #[track_caller]
    pub fn advance(&mut self, n: usize) {
        self.set_filled(self.filled.saturating_add(n));
    }

    /// Sets the filled mark to `n` bytes from the start, forwards or backwards.
    ///
    /// # Panics
    ///
    /// If the filled part would outgrow the initialised part.
    #[inline]
    #[track_caller]
    pub fn set_filled(&mut self, n: usize) {
        assert!(
            n <= self.initialized,
            "filled must not become larger than initialized ({}): write bytes or call assume_init first",
            self.initialized
        );
        self.filled = n;
    }

    /// Declares the first `n` unfilled bytes initialised; the filled mark stays.
    ///
    /// # Safety
    ///
    /// The first `n` bytes of the unfilled part exist and have been initialised.
    #[inline]
    pub unsafe fn assume_init(&mut self, n: usize) {
        debug_assert!(n <= self.remaining());
        self.initialized = self.initialized.max(self.filled + n);
    }

    /// Copies `buf` to the start of the unfilled part and moves the filled mark behind it.
    ///
    /// # Panics
    ///
    /// If [`remaining`](Self::remaining) is less than `buf.len()`.
    #[inline]
    #[track_caller]
    pub fn put_slice(&mut self, buf: &[u8]) {
        assert!(
            buf.len() <= self.remaining(),
            "buf.len() must fit in remaining(); buf.len() = {}, remaining() = {}",
            buf.len(),
            self.remaining()
        );
        let end = self.filled + buf.len();
        self.buf[self.filled..end].copy_from_slice(as_uninit(buf));
        self.initialized = self.initialized.max(end);
        self.filled = end;
    }
}

// SAFETY: `chunk_mut` is the unfilled part and `remaining_mut` its length; `advance_mut` moves on in it.
unsafe impl BufMut for ReadBuf<'_> {
    #[inline]
    fn remaining_mut(&self) -> usize {
        self.remaining()
    }

    #[inline]
    unsafe fn advance_mut(&mut self, n: usize) {
        // SAFETY: the caller promises that the next `n` bytes exist and are initialised.
        unsafe { self.assume_init(n) };
        self.advance(n);
    }

    #[inline]
    fn chunk_mut(&mut self) -> &mut UninitSlice {
        UninitSlice::uninit(&mut self.buf[self.filled..])
    }
}

impl fmt::Debug for ReadBuf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadBuf")
            .field("filled", &self.filled)
            .field("initialized", &self.initialized)
            .field("capacity", &self.capacity())
            .finish()
    }
}

/// Receives from a socket into the unfilled part of `buf`, without clearing it first, and returns how
/// many bytes came; 0 is the end of a stream if there was room, or an empty datagram.
///
/// # Errors
///
/// What `recv` says, `WouldBlock` included; `buf` is unchanged then.
#[inline]
pub(crate) fn recv_into(socket: socket2::SockRef<'_>, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    let n = socket.recv(&mut buf.buf[buf.filled..])?;
    // SAFETY: the system has written `n` bytes at the start of the slice it was given.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok(n)
}

/// [`recv_into`] of a datagram, which says who sent it.
#[inline]
pub(crate) fn recv_from_into(
    socket: socket2::SockRef<'_>,
    buf: &mut ReadBuf<'_>,
) -> io::Result<(usize, SocketAddr)> {
    let (n, sender) = socket.recv_from(&mut buf.buf[buf.filled..])?;
    let sender = internet_address(&sender)?;
    // SAFETY: the system has written `n` bytes at the start of the slice it was given.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok((n, sender))
}

/// [`recv_into`] of a datagram that stays in the socket.
#[inline]
pub(crate) fn peek_into(socket: socket2::SockRef<'_>, buf: &mut ReadBuf<'_>) -> io::Result<usize> {
    let n = socket.peek(&mut buf.buf[buf.filled..])?;
    // SAFETY: the system has written `n` bytes at the start of the slice it was given.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok(n)
}

/// [`recv_from_into`] of a datagram that stays in the socket.
#[inline]
pub(crate) fn peek_from_into(
    socket: socket2::SockRef<'_>,
    buf: &mut ReadBuf<'_>,
) -> io::Result<(usize, SocketAddr)> {
    let (n, sender) = socket.peek_from(&mut buf.buf[buf.filled..])?;
    let sender = internet_address(&sender)?;
    // SAFETY: the system has written `n` bytes at the start of the slice it was given.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok((n, sender))
}

/// [`recv_into`] the next chunk of `target`, which is advanced by the count returned.
#[inline]
pub(crate) fn recv_buf_into<B: BufMut>(socket: socket2::SockRef<'_>, target: &mut B) -> io::Result<usize> {
    // SAFETY: the slice goes only into a `ReadBuf`, which by I2 makes no byte uninitialised.
    let mut buf = ReadBuf::uninit(unsafe { target.chunk_mut().as_uninit_slice_mut() });
    let n = recv_into(socket, &mut buf)?;
    // SAFETY: `n` bytes at the start of the chunk exist and are initialised: `recv_into` has filled them.
    unsafe { target.advance_mut(n) };
    Ok(n)
}

/// [`recv_from_into`] the next chunk of `target`, which is advanced by the count returned.
#[inline]
pub(crate) fn recv_buf_from_into<B: BufMut>(
    socket: socket2::SockRef<'_>,
    target: &mut B,
) -> io::Result<(usize, SocketAddr)> {
    // SAFETY: the slice goes only into a `ReadBuf`, which by I2 makes no byte uninitialised.
    let mut buf = ReadBuf::uninit(unsafe { target.chunk_mut().as_uninit_slice_mut() });
    let (n, sender) = recv_from_into(socket, &mut buf)?;
    // SAFETY: `n` bytes at the start of the chunk exist and are initialised: `recv_from_into` filled them.
    unsafe { target.advance_mut(n) };
    Ok((n, sender))
}

/// The sender's address as the standard library has it.
///
/// # Errors
///
/// The system has named none, or one of another family.
pub(crate) fn internet_address(address: &socket2::SockAddr) -> io::Result<SocketAddr> {
    address
        .as_socket()
        .ok_or_else(|| io::Error::other("the system did not say who sent the datagram"))
}

/// `recv_into` for a Unix-domain datagram: says who sent it, too.
///
/// An address that the standard library cannot hold (a path that fills its field without a final zero) is
/// given as an unnamed one: an error would lose the datagram, which is taken by then.
///
/// # Errors
///
/// What `recv_from` says, `WouldBlock` included; `buf` is unchanged then.
#[cfg(unix)]
pub(crate) fn recv_from_unix(
    socket: socket2::SockRef<'_>,
    buf: &mut ReadBuf<'_>,
) -> io::Result<(usize, std::os::unix::net::SocketAddr)> {
    let (n, sender) = socket.recv_from(&mut buf.buf[buf.filled..])?;
    // SAFETY: the system has written `n` bytes at the start of the slice it was given.
    unsafe { buf.assume_init(n) };
    buf.advance(n);
    Ok((n, unix_address(&sender)?))
}

#[cfg(unix)]
fn unix_address(address: &socket2::SockAddr) -> io::Result<std::os::unix::net::SocketAddr> {
    use std::os::unix::net::SocketAddr;

    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = address.as_abstract_namespace() {
        #[cfg(target_os = "android")]
        use std::os::android::net::SocketAddrExt;
        #[cfg(target_os = "linux")]
        use std::os::linux::net::SocketAddrExt;

        return SocketAddr::from_abstract_name(name);
    }
    let path = address.as_pathname().unwrap_or("".as_ref());
    // The empty path is the unnamed address.
    SocketAddr::from_pathname(path).or_else(|_| SocketAddr::from_pathname(""))
}

/// Lends the next chunk of `target` to `receive`, without clearing it first, and advances `target` by what was
/// filled. A target without room lends an empty buffer: a datagram is taken and cut to nothing.
///
/// # Errors
///
/// What `receive` says; `target` is not advanced then.
///
/// # Panics
///
/// If `receive` swapped the `ReadBuf` it was lent for another one.
#[cfg(unix)]
pub(crate) fn receive_buf_mut<B: BufMut + ?Sized, R>(
    target: &mut B,
    receive: impl FnOnce(&mut ReadBuf<'_>) -> io::Result<R>,
) -> io::Result<R> {
    // SAFETY: the slice goes only into a `ReadBuf`, which by I2 makes no byte uninitialised.
    let spare = unsafe { target.chunk_mut().as_uninit_slice_mut() };
    let (start, capacity) = (spare.as_ptr(), spare.len());
    let mut buf = ReadBuf::uninit(spare);
    let result = receive(&mut buf)?;
    assert!(
        std::ptr::eq(start, buf.buf.as_ptr()) && buf.capacity() == capacity,
        "the ReadBuf that was lent for receiving has been replaced: fix the receiver"
    );
    let n = buf.filled;
    // SAFETY: I1 and I2: the `n` filled bytes, at the start of the chunk, are initialised.
    unsafe { target.advance_mut(n) };
    Ok(result)
}

/// Reads once into `spare` and returns how many bytes at its start are now initialised data (I3).
///
/// # Panics
///
/// If the reader swapped the `ReadBuf` it was lent for another one.
#[inline]
pub(crate) fn poll_read_uninit<R: AsyncRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    spare: &mut [MaybeUninit<u8>],
) -> Poll<io::Result<usize>> {
    let mut buf = ReadBuf::uninit(spare);
    let n = ready!(poll_read_checked(reader, cx, &mut buf))?;
    Poll::Ready(Ok(n))
}

/// Reads once into the unfilled part of `buf` and returns how far the filled mark went.
///
/// # Panics
///
/// If the reader swapped the `ReadBuf` it was lent for another one.
pub(crate) fn poll_read_checked<R: AsyncRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<usize>> {
    let (start, capacity, filled) = (buf.buf.as_ptr(), buf.capacity(), buf.filled);
    let result = reader.poll_read(cx, buf);
    // The capacity too: an empty slice may share its address with somebody else's bytes.
    assert!(
        std::ptr::eq(start, buf.buf.as_ptr()) && buf.capacity() == capacity && buf.filled >= filled,
        "AsyncRead::poll_read replaced or rewound the ReadBuf it was lent: fix the reader"
    );
    ready!(result)?;
    Poll::Ready(Ok(buf.filled - filled))
}

/// Reads once into the next chunk of `target`, without clearing it first, and advances `target` by the
/// count returned. 0 is the end of the stream, or a target without room.
pub(crate) fn poll_read_buf_mut<R, B>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    target: &mut B,
) -> Poll<io::Result<usize>>
where
    R: AsyncRead + ?Sized,
    B: BufMut + ?Sized,
{
    if !target.has_remaining_mut() {
        return Poll::Ready(Ok(0));
    }
    // SAFETY: the slice goes only into a `ReadBuf`, which by I2 makes no byte uninitialised.
    let spare = unsafe { target.chunk_mut().as_uninit_slice_mut() };
    let n = ready!(poll_read_uninit(reader, cx, spare))?;
    // SAFETY: I3: `n` bytes at the start of the chunk exist and are initialised.
    unsafe { target.advance_mut(n) };
    Poll::Ready(Ok(n))
}

/// A vector that is read into behind its end, and how much of its spare capacity is initialised: so a
/// reader that asks for initialised memory has each byte cleared once, however small its reads are.
#[derive(Debug)]
pub(crate) struct VecTail<V> {
    vec: V,
    initialized: usize,
    first_capacity: usize,
}

/// What a [`VecTail`] reserves, and the room below which it reserves.
const TAIL_GROWTH: usize = 1024;
const TAIL_MIN: usize = 32;

impl<V: AsMut<Vec<u8>>> VecTail<V> {
    /// Takes `vec` to read behind its end.
    pub(crate) fn new(mut vec: V) -> Self {
        let first_capacity = vec.as_mut().capacity();
        VecTail {
            vec,
            initialized: 0,
            first_capacity,
        }
    }

    /// Gives the vector away and leaves an empty one.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.initialized = 0;
        self.first_capacity = 0;
        std::mem::take(self.vec.as_mut())
    }

    /// Reads once, growing the vector when it is nearly full, and returns how many bytes were appended.
    ///
    /// A vector still of the capacity it came with is probed with a small buffer before it grows: its
    /// owner may have sized it to fit exactly.
    pub(crate) fn poll_read<R: AsyncRead + ?Sized>(
        &mut self,
        reader: Pin<&mut R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let vec = self.vec.as_mut();
        if vec.capacity() - vec.len() < TAIL_MIN {
            if vec.capacity() == self.first_capacity && self.first_capacity >= TAIL_MIN {
                return self.poll_probe(reader, cx);
            }
            vec.reserve(TAIL_GROWTH);
            self.initialized = 0;
        }
        let length = vec.len();
        let mut buf = ReadBuf::uninit(vec.spare_capacity_mut());
        // SAFETY: I4.
        unsafe { buf.assume_init(self.initialized) };
        let result = poll_read_checked(reader, cx, &mut buf);
        let (filled, initialized) = (buf.filled, buf.initialized);
        self.initialized = initialized;
        let n = ready!(result)?;
        self.initialized = initialized - filled;
        // SAFETY: `filled` bytes behind the length exist and are initialised: I1, I2, and the check of I3.
        unsafe { vec.set_len(length + filled) };
        Poll::Ready(Ok(n))
    }

    fn poll_probe<R: AsyncRead + ?Sized>(
        &mut self,
        reader: Pin<&mut R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut probe = [MaybeUninit::uninit(); TAIL_MIN];
        let mut buf = ReadBuf::uninit(&mut probe);
        let n = ready!(poll_read_checked(reader, cx, &mut buf))?;
        if n > 0 {
            self.initialized = 0;
            self.vec.as_mut().extend_from_slice(buf.filled());
        }
        Poll::Ready(Ok(n))
    }
}

/// Reads once into at most `limit` bytes of the unfilled part of `buf` and returns how many came.
pub(crate) fn poll_read_limited<R: AsyncRead + ?Sized>(
    reader: Pin<&mut R>,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
    limit: usize,
) -> Poll<io::Result<usize>> {
    let limit = limit.min(buf.remaining());
    let (start, initialized) = (buf.filled, buf.initialized - buf.filled);
    let mut part = ReadBuf::uninit(&mut buf.buf[start..][..limit]);
    // SAFETY: I2: the bytes from the filled mark to the initialised mark, as far as they are in the part.
    unsafe { part.assume_init(initialized.min(limit)) };
    let result = poll_read_checked(reader, cx, &mut part);
    let (filled, initialized) = (part.filled, part.initialized);
    // SAFETY: I2 of the part, which is the front of the unfilled part here.
    unsafe { buf.assume_init(initialized) };
    ready!(result)?;
    buf.advance(filled);
    Poll::Ready(Ok(filled))
}

/// A buffer of fixed size that is filled at its end and consumed at its front, as `BufReader` and the
/// copies have it.
pub(crate) struct Buffer {
    memory: Box<[MaybeUninit<u8>]>,
    start: usize,
    end: usize,
    initialized: usize,
}

impl Buffer {
    /// An empty buffer of `capacity` bytes. They are `cleared` for readers that count on initialised memory, which may
    /// advance over bytes that they have not written; if not, what is never read into is never touched.
    pub(crate) fn with_capacity(capacity: usize, cleared: bool) -> Self {
        Buffer {
            memory: match cleared {
                true => vec![MaybeUninit::new(0); capacity].into_boxed_slice(),
                false => Box::new_uninit_slice(capacity),
            },
            start: 0,
            end: 0,
            initialized: capacity * usize::from(cleared),
        }
    }

    /// How many bytes it can hold.
    #[inline]
    pub(crate) fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// What was read and not consumed.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: I5.
        unsafe { assume_init_ref(&self.memory[self.start..self.end]) }
    }

    /// Whether nothing is left to consume.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether there is room behind the bytes.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.is_empty() || self.end < self.memory.len()
    }

    /// Drops the first `n` bytes, or all if there are fewer. An empty buffer has all its room again.
    #[inline]
    pub(crate) fn consume(&mut self, n: usize) {
        self.start = self.end.min(self.start.saturating_add(n));
        if self.is_empty() {
            self.clear();
        }
    }

    /// Drops all bytes.
    #[inline]
    pub(crate) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Reads once into the room behind the bytes and returns how many came.
    pub(crate) fn poll_fill<R: AsyncRead + ?Sized>(
        &mut self,
        reader: Pin<&mut R>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::uninit(&mut self.memory);
        // SAFETY: I5.
        unsafe { buf.assume_init(self.initialized) };
        buf.set_filled(self.end);
        let result = poll_read_checked(reader, cx, &mut buf);
        let (filled, initialized) = (buf.filled, buf.initialized);
        self.initialized = initialized;
        let n = ready!(result)?;
        self.end = filled;
        Poll::Ready(Ok(n))
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.end - self.start, self.capacity())
    }
}

/// # Safety
///
/// All of `slice` is initialised.
#[inline]
unsafe fn assume_init_ref(slice: &[MaybeUninit<u8>]) -> &[u8] {
    // SAFETY: same layout; the caller promises initialised bytes.
    unsafe { &*(slice as *const [MaybeUninit<u8>] as *const [u8]) }
}

/// # Safety
///
/// All of `slice` is initialised.
#[inline]
unsafe fn assume_init_mut(slice: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    // SAFETY: same layout; the caller promises initialised bytes, and a `&mut [u8]` writes no others.
    unsafe { &mut *(slice as *mut [MaybeUninit<u8>] as *mut [u8]) }
}

#[inline]
fn as_uninit(slice: &[u8]) -> &[MaybeUninit<u8>] {
    // SAFETY: same layout, every `u8` is a valid `MaybeUninit<u8>`, and nothing writes through a shared
    // reference.
    unsafe { &*(slice as *const [u8] as *const [MaybeUninit<u8>]) }
}
