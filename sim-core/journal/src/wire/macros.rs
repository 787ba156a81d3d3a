//! The form of structs and enums, from one list of their fields or variants.

/// A struct: all its fields must be listed, or it does not compile.
macro_rules! wire_struct {
    ($type:ty { $($field:ident),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn put(&self, to: &mut $crate::wire::Sink) {
                let Self { $($field),+ } = self;
                $($crate::wire::Wire::put($field, to);)+
            }
            fn take(from: &mut $crate::wire::Source<'_>) -> $crate::error::Read<Self> {
                Ok(Self { $($field: $crate::wire::Wire::take(from)?),+ })
            }
            fn same(&self, old: &Self) -> bool {
                true $(&& $crate::wire::Wire::same(&self.$field, &old.$field))+
            }
            fn put_change(&self, old: &Self, to: &mut $crate::wire::Sink) {
                let (mut mask, mut bit) = (0_u64, 1_u64);
                $(
                    if !$crate::wire::Wire::same(&self.$field, &old.$field) {
                        mask |= bit;
                    }
                    bit <<= 1;
                )+
                let _ = bit;
                to.varint(mask);
                let mut changed = $crate::wire::sink::Mask(mask);
                $(
                    if changed.next() {
                        $crate::wire::Wire::put_change(&self.$field, &old.$field, to);
                    }
                )+
            }
            fn take_change(old: &Self, from: &mut $crate::wire::Source<'_>) -> $crate::error::Read<Self> {
                let mut changed = $crate::wire::sink::Mask(from.varint()?);
                Ok(Self {
                    $($field: if changed.next() {
                        $crate::wire::Wire::take_change(&old.$field, from)?
                    } else {
                        old.$field.clone()
                    }),+
                })
            }
        }
    };
}

/// An enum whose variants are units or have named or nameless fields; each with its number.
macro_rules! wire_enum {
    ($type:ty { $($number:literal = $variant:ident $({ $($field:ident),+ })? $(( $($item:ident),+ ))?),+ $(,)? }) => {
        impl $crate::wire::Wire for $type {
            fn put(&self, to: &mut $crate::wire::Sink) {
                match self {
                    $(Self::$variant $({ $($field),+ })? $(( $($item),+ ))? => {
                        to.byte($number);
                        $($($crate::wire::Wire::put($field, to);)+)?
                        $($($crate::wire::Wire::put($item, to);)+)?
                    })+
                }
            }
            fn take(from: &mut $crate::wire::Source<'_>) -> $crate::error::Read<Self> {
                Ok(match from.byte()? {
                    $($number => {
                        $($(let $field = $crate::wire::Wire::take(from)?;)+)?
                        $($(let $item = $crate::wire::Wire::take(from)?;)+)?
                        Self::$variant $({ $($field),+ })? $(( $($item),+ ))?
                    })+
                    _ => return Err($crate::error::ReadError::Corrupt(concat!("no such ", stringify!($type)))),
                })
            }
            fn same(&self, old: &Self) -> bool {
                self == old
            }
        }
    };
}
