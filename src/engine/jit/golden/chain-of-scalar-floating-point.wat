;; region r0: 1 block, 6 instructions
;; block 0
;;   000000008000  f2 0f 58 c1                     addsd xmm0, xmm1
;;   000000008004  f2 0f 59 c2                     mulsd xmm0, xmm2
;;   000000008008  f2 0f 5c c1                     subsd xmm0, xmm1
;;   00000000800c  ff c9                           dec ecx
;;   00000000800e  75 f0                           jne 0x8000
;;   000000008010  f4                              hlt
;; 873 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rcx i64) (local $xmm0 v128) (local $t1 v128) (local $xmm1 v128) (local $t3 f64) (local $t4 f64) (local $t5 v128) (local $xmm2 v128) (local $t7 f64) (local $t8 i32) (local $t9 i64) (local $t10 i32) (local $t11 i64) (local $t12 i64) (local $t13 i32) (local $t14 i64) (local $t15 i64) (local $t16 i64) (local $t17 i64) (local $t18 i64) (local $t19 v128) (local $t20 v128)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0
      (i32.or
        (i32.lt_s (local.get $left) (i32.const 6))
        (i32.and (i32.load (;fpuTrap;) (local.get $state)) (i32.const 6))
      )
      (then
        (return (i32.or (local.get $answer) (i32.const 12)))
      )
    )
    (local.set $page (i64.load (;page;) (local.get $state)))
    (if $i1 (i32.ne (i32.and (i32.load (;mxcsr;) (local.get $state)) (i32.const 32672)) (i32.const 8096))
      (then
        (i32.store (;floatRefused;) (local.get $state) (local.get $answer))
        (return (i32.or (local.get $answer) (i32.const 12)))
      )
    )
    (local.set $flagResult (i64.load (;flagResult;) (local.get $state)))
    (local.set $flagCode (i32.load (;flagCode;) (local.get $state)))
    (local.set $flagFirst (i64.load (;flagFirst;) (local.get $state)))
    (local.set $flagAux (i64.load (;flagAux;) (local.get $state)))
    (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
    (local.set $xmm0 (v128.load (;xmm[0];) (local.get $state)))
    (local.set $xmm1 (v128.load (;xmm[1];) (local.get $state)))
    (local.set $xmm2 (v128.load (;xmm[2];) (local.get $state)))
    (block $b2
      (block $b3
      )
      (loop $l4
        (block $b5
          (local.set $t1 (local.get $xmm0))
          (local.set $t3 (f64x2.extract_lane 0 (local.get $xmm1)))
          (local.set $t4 (f64.add (f64x2.extract_lane 0 (local.get $t1)) (local.get $t3)))
          (local.set $t5 (local.get $xmm0))
          (local.set $xmm0 (f64x2.replace_lane 0 (local.get $t1) (local.get $t4)))
          (local.set $t7 (f64x2.extract_lane 0 (local.get $xmm2)))
          (local.set $t4 (f64.mul (local.get $t4) (local.get $t7)))
          (local.set $xmm0 (f64x2.replace_lane 0 (local.get $t1) (local.get $t4)))
          (local.set $t4 (f64.sub (local.get $t4) (local.get $t3)))
          (local.set $xmm0 (f64x2.replace_lane 0 (local.get $t1) (local.get $t4)))
          (local.set $t8 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))
          (local.set $t9 (local.get $rcx))
          (local.set $rcx (i64.extend_i32_u (local.get $t8)))
          (local.set $t10 (i32.sub (local.get $flagCode) (i32.const 1)))
          (local.set $t11 (local.get $flagFirst))
          (local.set $t12
            (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (i32.const 8) (i32.and (local.get $t10) (i32.const 3)))))
          )
          (local.set $t13 (i32.ge_u (local.get $flagCode) (i32.const 9)))
          (local.set $t10 (i32.and (local.get $t10) (i32.const 4)))
          (local.set $t14 (i64.shl (local.get $flagResult) (local.get $t12)))
          (local.set $t15 (i64.shl (i64.const 1) (local.get $t12)))
          (local.set $t15
            (select
              (select
                (i64.add (local.get $t14) (local.get $t15))
                (i64.sub (local.get $t14) (local.get $t15))
                (local.get $t10)
              )
              (i64.shl (local.get $t11) (local.get $t12))
              (local.get $t13)
            )
          )
          (local.set $t16 (select (local.get $t14) (local.get $t15) (local.get $t10)))
          (local.set $t15
            (i64.sub (local.tee $t14 (select (local.get $t15) (local.get $t14) (local.get $t10))) (local.get $t16))
          )
          (local.set $t17
            (i64.or
              (i64.and (local.get $t16) (local.get $t15))
              (i64.and (i64.or (local.get $t16) (local.get $t15)) (i64.xor (local.get $t14) (i64.const -1)))
            )
          )
          (local.set $t18 (local.get $flagFirst))
          (local.set $flagFirst
            (i64.and
              (select
                (i64.or
                  (select
                    (i64.or
                      (local.get $t11)
                      (i64.xor
                        (i64.shr_u (local.get $t11) (i64.const 1))
                        (i64.and
                          (i64.xor (local.get $t17) (i64.shr_u (local.get $t17) (i64.const 1)))
                          (i64.const 4611686018427387904)
                        )
                      )
                    )
                    (i64.and (local.get $t17) (i64.const -4611686018427387904))
                    (local.get $t13)
                  )
                  (i64.and
                    (i64.shr_u
                      (i64.shr_u (i64.xor (i64.xor (local.get $t16) (local.get $t15)) (local.get $t14)) (local.get $t12))
                      (i64.const 1)
                    )
                    (i64.const 8)
                  )
                )
                (local.get $flagAux)
                (local.get $flagCode)
              )
              (i64.const -9223372036854775808)
            )
          )
          (local.set $t13 (local.get $flagCode))
          (local.set $flagCode (i32.const 15))
          (local.set $t12 (local.get $flagResult))
          (local.set $flagResult (i64.extend_i32_s (local.get $t8)))
          (local.set $t1 (f64x2.replace_lane 1 (local.get $t1) (local.get $t7)))
          (local.set $t19 (f64x2.splat (local.get $t3)))
          (local.set $t20 (f64x2.splat (local.get $t4)))
          (if $i6
            (i8x16.bitmask
              (v128.or
                (v128.or
                  (i64x2.gt_s
                    (v128.const i8x16 255 255 255 255 255 255 223 215 255 255 255 255 255 255 223 215)
                    (i64x2.add
                      (i64x2.add (local.get $t1) (local.get $t1))
                      (v128.const i8x16 255 255 255 255 255 255 255 127 255 255 255 255 255 255 255 127)
                    )
                  )
                  (i64x2.gt_s
                    (v128.const i8x16 255 255 255 255 255 255 223 215 255 255 255 255 255 255 223 215)
                    (i64x2.add
                      (i64x2.add (local.get $t19) (local.get $t19))
                      (v128.const i8x16 255 255 255 255 255 255 255 127 255 255 255 255 255 255 255 127)
                    )
                  )
                )
                (f64x2.sub (local.get $t20) (local.get $t20))
              )
            )
            (then
              (i32.store (;floatRefused;) (local.get $state) (i32.const (;miss at 0;)))
              (local.set $xmm0 (local.get $t5))
              (local.set $rcx (local.get $t9))
              (local.set $flagFirst (local.get $t18))
              (local.set $flagCode (local.get $t13))
              (local.set $flagResult (local.get $t12))
              (local.set $answer (i32.const (;refused at 0;)))
              (br $b5)
            )
          )
          (if $i7 (local.get $t8)
            (then
              (local.set $answer (i32.const (;border at e;)))
              (br_if $b5 (i32.lt_s (local.get $left) (i32.const 5)))
              (br_if $b5 (i32.load (;attention;) (local.get $state)))
              (local.set $left (i32.add (local.get $left) (i32.const -5)))
              (br $l4)
            )
          )
          (local.set $answer (i32.const (;helper at 10;)))
          (br $b5)
          (unreachable)
        )
        (br $b2)
      )
    )
    (i64.store (;flagResult;) (local.get $state) (local.get $flagResult))
    (i32.store (;flagCode;) (local.get $state) (local.get $flagCode))
    (i64.store (;flagFirst;) (local.get $state) (local.get $flagFirst))
    (i64.store (;flagAux;) (local.get $state) (local.get $flagAux))
    (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
    (v128.store (;xmm[0];) (local.get $state) (local.get $xmm0))
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
