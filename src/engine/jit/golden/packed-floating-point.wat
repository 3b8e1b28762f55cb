;; region r0: 1 block, 7 instructions
;; block 0
;;   000000008000  66 0f 28 06                     movapd xmm0, xmmword ptr [rsi]
;;   000000008004  66 0f 59 c1                     mulpd xmm0, xmm1
;;   000000008008  66 0f 58 d0                     addpd xmm2, xmm0
;;   00000000800c  48 83 c6 10                     add rsi, 0x10
;;   000000008010  ff c9                           dec ecx
;;   000000008012  75 ec                           jne 0x8000
;;   000000008014  f4                              hlt
;; 825 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (import "core" "locate" (func $locate (param i64 i32) (result i32)))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rcx i64) (local $rsi i64) (local $t0 i64) (local $t1 i32) (local $streamPage0 i64) (local $t3 i32) (local $streamAddend0 i32) (local $t5 v128) (local $xmm0 v128) (local $xmm1 v128) (local $t8 v128) (local $t9 v128) (local $xmm2 v128) (local $t11 v128) (local $t12 v128) (local $t13 i64) (local $t14 i64) (local $t15 i64) (local $t16 i64) (local $t17 i64)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0
      (i32.or
        (i32.lt_s (local.get $left) (i32.const 7))
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
    (local.set $streamPage0 (i64.const -1))
    (local.set $flagResult (i64.load (;flagResult;) (local.get $state)))
    (local.set $flagCode (i32.load (;flagCode;) (local.get $state)))
    (local.set $flagFirst (i64.load (;flagFirst;) (local.get $state)))
    (local.set $flagAux (i64.load (;flagAux;) (local.get $state)))
    (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
    (local.set $rsi (i64.load (;gpr[6];) (local.get $state)))
    (local.set $xmm0 (v128.load (;xmm[0];) (local.get $state)))
    (local.set $xmm1 (v128.load (;xmm[1];) (local.get $state)))
    (local.set $xmm2 (v128.load (;xmm[2];) (local.get $state)))
    (block $b2
      (block $b3
      )
      (loop $l4
        (block $b5
          (local.set $t1 (i32.wrap_i64 (local.tee $t0 (local.get $rsi))))
          (if $i6 (i64.ne (i64.and (local.get $t0) (i64.const -4081)) (local.get $streamPage0))
            (then
              (local.set $answer (i32.const (;miss at 0;)))
              (br_if $b5 (i32.and (i32.wrap_i64 (local.get $t0)) (i32.const 15)))
              (br_if $b5 (i32.eqz (local.tee $t3 (call $locate (local.get $t0) (i32.const 16)))))
              (local.set $streamAddend0 (i32.sub (local.get $t3) (local.get $t1)))
              (local.set $streamPage0 (i64.and (local.get $t0) (i64.const -4096)))
            )
          )
          (local.set $xmm0 (local.tee $t5 (v128.load (i32.add (local.get $streamAddend0) (local.get $t1)))))
          (local.set $t8 (f64x2.mul (local.get $t5) (local.get $xmm1)))
          (local.set $t9 (local.get $xmm0))
          (local.set $xmm0 (local.get $t8))
          (local.set $t8 (f64x2.add (local.tee $t11 (local.get $xmm2)) (local.get $t8)))
          (local.set $t12 (local.get $xmm2))
          (local.set $xmm2 (local.get $t8))
          (local.set $t13 (i64.add (local.get $t0) (i64.const 16)))
          (local.set $t14 (local.get $rsi))
          (local.set $rsi (local.get $t13))
          (local.set $t15 (local.get $flagFirst))
          (local.set $flagFirst (local.get $t0))
          (local.set $t1 (local.get $flagCode))
          (local.set $flagCode (i32.const 4))
          (local.set $t16 (local.get $flagResult))
          (local.set $flagResult (local.get $t13))
          (local.set $t3 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))
          (local.set $t17 (local.get $rcx))
          (local.set $rcx (i64.extend_i32_u (local.get $t3)))
          (local.set $flagFirst (i64.shl (i64.extend_i32_u (i64.lt_u (local.get $t13) (local.get $t0))) (i64.const 63)))
          (local.set $flagCode (i32.const 15))
          (local.set $flagResult (i64.extend_i32_s (local.get $t3)))
          (if $i7
            (i8x16.bitmask
              (v128.or
                (v128.or
                  (v128.or
                    (i64x2.gt_s
                      (v128.const i8x16 255 255 255 255 255 255 223 215 255 255 255 255 255 255 223 215)
                      (i64x2.add
                        (i64x2.add (local.get $t5) (local.get $t5))
                        (v128.const i8x16 255 255 255 255 255 255 255 127 255 255 255 255 255 255 255 127)
                      )
                    )
                    (i64x2.gt_s
                      (v128.const i8x16 255 255 255 255 255 255 223 215 255 255 255 255 255 255 223 215)
                      (i64x2.add
                        (i64x2.add (local.get $xmm1) (local.get $xmm1))
                        (v128.const i8x16 255 255 255 255 255 255 255 127 255 255 255 255 255 255 255 127)
                      )
                    )
                  )
                  (i64x2.gt_s
                    (v128.const i8x16 255 255 255 255 255 255 223 215 255 255 255 255 255 255 223 215)
                    (i64x2.add
                      (i64x2.add (local.get $t11) (local.get $t11))
                      (v128.const i8x16 255 255 255 255 255 255 255 127 255 255 255 255 255 255 255 127)
                    )
                  )
                )
                (f64x2.sub (local.get $t8) (local.get $t8))
              )
            )
            (then
              (i32.store (;floatRefused;) (local.get $state) (i32.const (;miss at 0;)))
              (local.set $xmm0 (local.get $t9))
              (local.set $xmm2 (local.get $t12))
              (local.set $rsi (local.get $t14))
              (local.set $flagFirst (local.get $t15))
              (local.set $flagCode (local.get $t1))
              (local.set $flagResult (local.get $t16))
              (local.set $rcx (local.get $t17))
              (local.set $answer (i32.const (;refused at 4;)))
              (br $b5)
            )
          )
          (if $i8 (local.get $t3)
            (then
              (local.set $answer (i32.const (;border at 12;)))
              (br_if $b5 (i32.lt_s (local.get $left) (i32.const 6)))
              (br_if $b5 (i32.load (;attention;) (local.get $state)))
              (local.set $left (i32.add (local.get $left) (i32.const -6)))
              (br $l4)
            )
          )
          (local.set $answer (i32.const (;helper at 14;)))
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
    (i64.store (;gpr[6];) (local.get $state) (local.get $rsi))
    (v128.store (;xmm[0];) (local.get $state) (local.get $xmm0))
    (v128.store (;xmm[2];) (local.get $state) (local.get $xmm2))
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
