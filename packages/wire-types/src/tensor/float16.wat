;; Converts blocks of up to 8192 elements, four at a time: float32 at address 0, their halves at 32768.
;; `count` is at least 1; the last step may run over it by three elements, which are garbage.
;; Assembled into float16-module.ts by scripts/assemble.mjs.
(module
  (memory (export "memory") 1)

  ;; float32 to half, to nearest even.
  (func (export "narrow") (param $count i32)
    (local $at i32) (local $x v128) (local $magnitude v128) (local $half v128)
    (loop $next
      (local.set $x (v128.load (i32.shl (local.get $at) (i32.const 2))))
      (local.set $magnitude
        (v128.and (local.get $x) (v128.const i32x4 0x7fffffff 0x7fffffff 0x7fffffff 0x7fffffff)))
      (local.set $half
        (v128.bitselect
          ;; Below 2^-14: one half's step is 2^-24, the step of float32 at 0.5, so adding 0.5 rounds.
          (i32x4.sub
            (f32x4.add
              (local.get $magnitude)
              (v128.const f32x4 0.5 0.5 0.5 0.5))
            (v128.const f32x4 0.5 0.5 0.5 0.5))
          ;; Else: move the exponent's bias from 127 to 15, add just less than half a step, or just half
          ;; when the last bit kept is odd, and drop 13 bits. All from 65536 on become infinity.
          (i32x4.shr_u
            (i32x4.add
              (i32x4.min_s
                (local.get $magnitude)
                (v128.const f32x4 65536 65536 65536 65536))
              (i32x4.sub
                (v128.and
                  (i32x4.shr_u (local.get $magnitude) (i32.const 13))
                  (v128.const i32x4 1 1 1 1))
                (v128.const i32x4 0x37fff001 0x37fff001 0x37fff001 0x37fff001)))
            (i32.const 13))
          (i32x4.lt_s
            (local.get $magnitude)
            (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))))
      ;; Infinity with one more bit is NaN.
      (local.set $half
        (v128.or
          (local.get $half)
          (v128.and
            (f32x4.ne (local.get $x) (local.get $x))
            (v128.const i32x4 0x200 0x200 0x200 0x200))))
      (local.set $half
        (v128.or
          (local.get $half)
          (v128.and
            (i32x4.shr_u (local.get $x) (i32.const 16))
            (v128.const i32x4 0x8000 0x8000 0x8000 0x8000))))
      (v128.store64_lane offset=32768 0
        (i32.shl (local.get $at) (i32.const 1))
        (i16x8.narrow_i32x4_u (local.get $half) (local.get $half)))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $count)))))

  ;; Half to float32, exact.
  (func (export "widen") (param $count i32)
    (local $at i32) (local $half v128) (local $magnitude v128) (local $x v128)
    (loop $next
      (local.set $half (v128.load16x4_u offset=32768 (i32.shl (local.get $at) (i32.const 1))))
      (local.set $magnitude
        (i32x4.shl
          (v128.and (local.get $half) (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff))
          (i32.const 13)))
      (local.set $x
        (v128.bitselect
          ;; A subnormal: give it the exponent of 2^-14, then take the 2^-14 away.
          (f32x4.sub
            (i32x4.add
              (local.get $magnitude)
              (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
            (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
          ;; Else: move the bias from 15 to 127, and once more for infinity and NaN.
          (i32x4.add
            (i32x4.add
              (local.get $magnitude)
              (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
            (v128.and
              (i32x4.ge_s
                (local.get $magnitude)
                (v128.const i32x4 0x0f800000 0x0f800000 0x0f800000 0x0f800000))
              (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000)))
          (i32x4.lt_s
            (local.get $magnitude)
            (v128.const i32x4 0x00800000 0x00800000 0x00800000 0x00800000))))
      (v128.store
        (i32.shl (local.get $at) (i32.const 2))
        (v128.or
          (local.get $x)
          (i32x4.shl
            (v128.and (local.get $half) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000))
            (i32.const 16))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $count))))))
