//! How a program that carries its own C library looks up the names of hosts.
//!
//! `getaddrinfo` of the GNU C library loads the modules that `/etc/nsswitch.conf` names, each with the C library
//! of the system it runs on: in a program that was linked statically elsewhere these are two versions of one
//! library, which can end the process. Two modules are part of the program, `files` and `dns`: `/etc/hosts`, and
//! the servers that `/etc/resolv.conf` names. A static program asks these alone, as those written in Go do.

/// Lets lookups ask the built-in modules alone; does nothing in a program that is linked dynamically.
#[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
#[allow(unsafe_code)]
pub(super) fn use_built_in() {
    use std::ffi::{c_char, c_int};
    use std::sync::Once;

    unsafe extern "C" {
        /// `nss.h`; returns 0, or -1 for a database it does not know.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }

    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: both texts end in a zero and live as long as the program, and the library locks what it
        // changes. It fails for databases it does not know, and then nothing has changed.
        unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
    });
}

/// Nothing to do: the C library is the system's own.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static")))]
pub(super) fn use_built_in() {}
