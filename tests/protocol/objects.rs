//! The objects that the model's pushes and roots are about: a few commits, their trees, chunks, and one
//! blob whose recipe names packs. A set of objects is a mask, so that a closure is one word.

/// An object, as its place in a mask.
pub type Object = u8;

/// A set of objects.
pub type Objects = u32;

pub const C0: Object = 0;
pub const T0: Object = 1;
pub const X0: Object = 2;
/// A child of `C0`, with a chunk of its own.
pub const C1: Object = 3;
pub const T1: Object = 4;
pub const X1: Object = 5;
/// A child of `C1`: its tree holds `X1` again.
pub const C2: Object = 6;
pub const T2: Object = 7;
pub const X2: Object = 8;
/// Another child of `C0`, that shares the chunk `X1` with `C1` and nothing else.
pub const C3: Object = 9;
pub const T3: Object = 10;
/// Two commits without parents, that share the blob `B` of the chunks `Y` and `Z`.
pub const C4: Object = 11;
pub const T4: Object = 12;
pub const C5: Object = 13;
pub const T5: Object = 14;
pub const B: Object = 15;
pub const Y: Object = 16;
pub const Z: Object = 17;
/// What no commit reaches.
pub const JUNK: Object = 18;

/// Chunks that are read through the recipe of their blob.
pub const IN_BLOBS: Objects = set(&[Y, Z]);

const COUNT: usize = 19;

/// Commits, in which refs and anchors are found.
pub const COMMITS: Objects = set(&[C0, C1, C2, C3, C4, C5]);
/// Leaf chunks: they may be skipped wherever they are found in a live pack.
pub const CHUNKS: Objects = set(&[X0, X1, X2, Y, Z, JUNK]);
/// Blobs that are read through a recipe. What a layout pack holds under this bit is the recipe.
pub const BLOBS: Objects = set(&[B]);
/// Commits and trees: what history packs hold.
pub const HISTORY: Objects = COMMITS | set(&[T0, T1, T2, T3, T4, T5]);

const CHILDREN: [Objects; COUNT] = [
    set(&[T0]),
    set(&[X0]),
    0,
    set(&[C0, T1]),
    set(&[X1]),
    0,
    set(&[C1, T2]),
    set(&[X1, X2]),
    0,
    set(&[C0, T3]),
    set(&[X1]),
    set(&[T4]),
    set(&[B]),
    set(&[T5]),
    set(&[B]),
    set(&[Y, Z]),
    0,
    0,
    0,
];

const CLOSURES: [Objects; COUNT] = closures();

pub const fn set(objects: &[Object]) -> Objects {
    let (mut mask, mut at) = (0, 0);
    while at < objects.len() {
        mask |= 1 << objects[at];
        at += 1;
    }
    mask
}

/// All that is needed to read `object` whole, itself included.
pub const fn closure(object: Object) -> Objects {
    CLOSURES[object as usize]
}

/// The closures of all objects of the mask together.
pub fn closure_of(objects: Objects) -> Objects {
    members(objects).fold(0, |all, object| all | closure(object))
}

/// Whether `old` is `new` or one of its ancestors: a move from one to the other is a fast-forward.
pub fn is_ancestor(old: Object, new: Object) -> bool {
    closure(new) & COMMITS & set(&[old]) != 0
}

/// The places of the bits that are set, from the lowest.
pub fn members(mut mask: Objects) -> impl Iterator<Item = Object> {
    std::iter::from_fn(move || {
        let lowest = mask.trailing_zeros();
        mask &= mask.wrapping_sub(1);
        (lowest < Objects::BITS).then_some(lowest as Object)
    })
}

const fn closures() -> [Objects; COUNT] {
    let (mut closures, mut round) = ([0; COUNT], 0);
    while round < COUNT {
        let mut object = 0;
        while object < COUNT {
            let (mut all, mut child) = (1 << object | CHILDREN[object], 0);
            while child < COUNT {
                if CHILDREN[object] & 1 << child != 0 {
                    all |= closures[child];
                }
                child += 1;
            }
            closures[object] = all;
            object += 1;
        }
        round += 1;
    }
    closures
}
