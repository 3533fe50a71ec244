use std::collections::HashMap;

/// How many parts fit.
pub const LIMIT: usize = 100;

/// One kind of part.
///
/// With a count.
#[derive(Debug, Clone)]
pub struct Part {
    pub name: String,
    pub count: u32,
}

pub trait Taker {
    fn take(&mut self, wanted: u32) -> Result<u32, String>;
}

impl Taker for Part {
    /// Take some.
    #[inline]
    fn take(&mut self, wanted: u32) -> Result<u32, String> {
        if wanted > self.count {
            return Err(format!("only {}", self.count));
        }
        self.count -= wanted;
        Ok(wanted)
    }
}

enum Level {
    Low,
    High,
}

mod stock {
    pub async fn total(parts: &[super::Part], (low, high): (u32, u32)) -> u32 {
        parts.iter().map(|part| part.count).sum()
    }
}

macro_rules! part {
    ($name:expr) => { Part { name: $name.into(), count: 0 } };
}

fn clear(parts: &mut Vec<Part>) {
    stock::total(parts, (0, 1));
    parts.clear();
}
