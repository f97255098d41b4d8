//! Names of people as a person writes them.

use super::OpError;

/// Name and address of `Name <mail>`.
pub(super) fn parse_person(text: &str) -> Result<(String, String), OpError> {
    let bad = || OpError::Usage {
        message: format!("'{}' is not a name and an address", crate::path::escape(text)),
        hint: Some("write it as: --author \"Ada Lovelace <ada@example.org>\"".to_owned()),
    };
    let (name, rest) = text.split_once('<').ok_or_else(bad)?;
    let email = rest.trim_end().strip_suffix('>').ok_or_else(bad)?;
    if name.trim().is_empty() {
        return Err(bad());
    }
    Ok((name.trim().to_owned(), email.trim().to_owned()))
}
