;; region r0: 1 block, 6 instructions
;; block 0
;;   000000008000  f2 0f 58 c1                     addsd xmm0, xmm1
;;   000000008004  f2 0f 59 c2                     mulsd xmm0, xmm2
;;   000000008008  f2 0f 5c c1                     subsd xmm0, xmm1
;;   00000000800c  ff c9                           dec ecx
;;   00000000800e  75 f0                           jne 0x8000
;;   000000008010  f4                              hlt
;; 1451 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (import "core" "fpAddSd" (func $fpAddSd))
  (import "core" "fpMulSd" (func $fpMulSd))
  (import "core" "fpSubSd" (func $fpSubSd))
  (import "core" "flagAux" (func $flagAux (param i32 i64 i64) (result i64)))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rcx i64) (local $stackPage i64) (local $xmm0 v128) (local $xmm1 v128) (local $xmm2 v128) (local $t0 v128) (local $t1 f64) (local $t2 f64) (local $t3 f64) (local $t4 i32) (local $t5 i64) (local $t6 i64) (local $t7 i32) (local $t8 i64) (local $t9 i32) (local $t10 i64) (local $t11 f64) (local $t12 f64) (local $t13 f64) (local $t14 v128) (local $t15 f64) (local $t16 f64) (local $t17 i32) (local $t18 i64) (local $t19 i64) (local $t20 i32) (local $t21 i64) (local $t22 i32) (local $t23 i64) (local $t24 i64) (local $t25 i64) (local $t26 f64) (local $t27 f64) (local $t28 f64) (local $t29 v128) (local $t30 f64) (local $t31 f64) (local $t32 i32) (local $t33 i64) (local $t34 i64) (local $t35 i32) (local $t36 i64) (local $t37 i32) (local $t38 i64) (local $t39 f64) (local $t40 f64) (local $t41 i32) (local $t42 i32) (local $t43 i64) (local $t44 i64) (local $t45 i32) (local $t46 i32) (local $t47 i64) (local $t48 i64) (local $t49 i64) (local $t50 i64) (local $t51 i64) (local $t52 i64) (local $t53 i64)
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
    (local.set $flagResult (i64.load (;flagResult;) (local.get $state)))
    (local.set $flagAux (i64.load (;flagAux;) (local.get $state)))
    (local.set $stackPage (i64.const -1))
    (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
    (local.set $xmm0 (v128.load (;xmm[0];) (local.get $state)))
    (local.set $xmm1 (v128.load (;xmm[1];) (local.get $state)))
    (local.set $xmm2 (v128.load (;xmm[2];) (local.get $state)))
    (block $b1
      (block $b2
      )
      (loop $l3
        (local.set $t0 (local.get $xmm0))
        (local.set $t1 (f64x2.extract_lane 0 (local.get $xmm1)))
        (local.set $t3 (f64.add (local.tee $t2 (f64x2.extract_lane 0 (local.get $t0))) (local.get $t1)))
        (local.set $t4
          (i32.xor (i32.and (i32.load (;mxcsr;) (local.get $state)) (i32.const 65504)) (i32.const 8096))
        )
        (local.set $t5 (i64.reinterpret_f64 (local.get $t2)))
        (local.set $t6 (i64.reinterpret_f64 (local.get $t1)))
        (local.set $t7
          (i32.or
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (i64.add (i64.add (local.get $t5) (local.get $t5)) (i64.const -1)) (i64.const 53)))
              (i32.const 1)
            )
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (i64.add (i64.add (local.get $t6) (local.get $t6)) (i64.const -1)) (i64.const 53)))
              (i32.const 1)
            )
          )
        )
        (local.set $t9
          (i32.wrap_i64
            (i64.shr_u
              (i64.add (i64.add (local.tee $t8 (i64.reinterpret_f64 (local.get $t3))) (local.get $t8)) (i64.const -1))
              (i64.const 53)
            )
          )
        )
        (if $i4 (result f64)
          (i32.or
            (local.get $t4)
            (i32.shr_u
              (i32.or
                (local.get $t7)
                (i32.or (i32.sub (local.get $t9) (i32.const 2)) (i32.sub (i32.const 2045) (local.get $t9)))
              )
              (i32.const 31)
            )
          )
          (then
            (local.set $t10 (i64.reinterpret_f64 (local.get $t3)))
            (if $i5 (result f64)
              (i32.and
                (i32.eqz (i32.or (local.get $t4) (i32.shr_u (local.get $t7) (i32.const 31))))
                (i64.eqz (i64.add (local.get $t10) (local.get $t10)))
              )
              (then
                (local.get $t3)
              )
              (else
                (v128.store (;scratch[0];) (local.get $state) (local.get $t0))
                (v128.store (;scratch[1];)
                  (local.get $state)
                  (f64x2.replace_lane 0
                    (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)
                    (f64x2.extract_lane 0 (local.get $xmm1))
                  )
                )
                (call $fpAddSd)
                (if $i6 (i32.load (;fault;) (local.get $state))
                  (then
                    (local.set $answer (i32.const (;fault at 0;)))
                    (br $b1)
                  )
                )
                (f64.load (;scratch[3];) (local.get $state))
              )
            )
            (local.tee $t11)
          )
          (else
            (local.get $t3)
          )
        )
        (local.set $t12)
        (local.set $t13 (f64x2.extract_lane 0 (f64x2.replace_lane 0 (local.get $t0) (local.get $t12))))
        (local.set $xmm0 (local.tee $t14 (f64x2.replace_lane 0 (local.get $t0) (local.get $t13))))
        (local.set $t15 (f64x2.extract_lane 0 (local.get $xmm2)))
        (local.set $t16 (f64.mul (local.get $t13) (local.get $t15)))
        (local.set $t17
          (i32.xor (i32.and (i32.load (;mxcsr;) (local.get $state)) (i32.const 65504)) (i32.const 8096))
        )
        (local.set $t18 (i64.reinterpret_f64 (local.get $t13)))
        (local.set $t19 (i64.reinterpret_f64 (local.get $t15)))
        (local.set $t20
          (i32.or
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (i64.add (i64.add (local.get $t18) (local.get $t18)) (i64.const -1)) (i64.const 53)))
              (i32.const 1)
            )
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (i64.add (i64.add (local.get $t19) (local.get $t19)) (i64.const -1)) (i64.const 53)))
              (i32.const 1)
            )
          )
        )
        (local.set $t22
          (i32.wrap_i64
            (i64.shr_u
              (i64.add (i64.add (local.tee $t21 (i64.reinterpret_f64 (local.get $t16))) (local.get $t21)) (i64.const -1))
              (i64.const 53)
            )
          )
        )
        (if $i7 (result f64)
          (i32.or
            (local.get $t17)
            (i32.shr_u
              (i32.or
                (local.get $t20)
                (i32.or (i32.sub (local.get $t22) (i32.const 2)) (i32.sub (i32.const 2045) (local.get $t22)))
              )
              (i32.const 31)
            )
          )
          (then
            (local.set $t23 (i64.reinterpret_f64 (local.get $t16)))
            (local.set $t24 (i64.reinterpret_f64 (local.get $t13)))
            (local.set $t25 (i64.reinterpret_f64 (local.get $t15)))
            (if $i8 (result f64)
              (i32.and
                (i32.eqz (i32.or (local.get $t17) (i32.shr_u (local.get $t20) (i32.const 31))))
                (i32.and
                  (i64.eqz (i64.add (local.get $t23) (local.get $t23)))
                  (i32.or
                    (i64.eqz (i64.add (local.get $t24) (local.get $t24)))
                    (i64.eqz (i64.add (local.get $t25) (local.get $t25)))
                  )
                )
              )
              (then
                (local.get $t16)
              )
              (else
                (v128.store (;scratch[0];) (local.get $state) (local.get $t14))
                (v128.store (;scratch[1];)
                  (local.get $state)
                  (f64x2.replace_lane 0
                    (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)
                    (f64x2.extract_lane 0 (local.get $xmm2))
                  )
                )
                (call $fpMulSd)
                (if $i9 (i32.load (;fault;) (local.get $state))
                  (then
                    (local.set $answer (i32.const (;fault at 4;)))
                    (br $b1)
                  )
                )
                (f64.load (;scratch[3];) (local.get $state))
              )
            )
            (local.tee $t26)
          )
          (else
            (local.get $t16)
          )
        )
        (local.set $t27)
        (local.set $t28 (f64x2.extract_lane 0 (f64x2.replace_lane 0 (local.get $t14) (local.get $t27))))
        (local.set $xmm0 (local.tee $t29 (f64x2.replace_lane 0 (local.get $t0) (local.get $t28))))
        (local.set $t30 (f64x2.extract_lane 0 (local.get $xmm1)))
        (local.set $t31 (f64.sub (local.get $t28) (local.get $t30)))
        (local.set $t32
          (i32.xor (i32.and (i32.load (;mxcsr;) (local.get $state)) (i32.const 65504)) (i32.const 8096))
        )
        (local.set $t33 (i64.reinterpret_f64 (local.get $t28)))
        (local.set $t34 (i64.reinterpret_f64 (local.get $t30)))
        (local.set $t35
          (i32.or
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (i64.add (i64.add (local.get $t33) (local.get $t33)) (i64.const -1)) (i64.const 53)))
              (i32.const 1)
            )
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (i64.add (i64.add (local.get $t34) (local.get $t34)) (i64.const -1)) (i64.const 53)))
              (i32.const 1)
            )
          )
        )
        (local.set $t37
          (i32.wrap_i64
            (i64.shr_u
              (i64.add (i64.add (local.tee $t36 (i64.reinterpret_f64 (local.get $t31))) (local.get $t36)) (i64.const -1))
              (i64.const 53)
            )
          )
        )
        (if $i10 (result f64)
          (i32.or
            (local.get $t32)
            (i32.shr_u
              (i32.or
                (local.get $t35)
                (i32.or (i32.sub (local.get $t37) (i32.const 2)) (i32.sub (i32.const 2045) (local.get $t37)))
              )
              (i32.const 31)
            )
          )
          (then
            (local.set $t38 (i64.reinterpret_f64 (local.get $t31)))
            (if $i11 (result f64)
              (i32.and
                (i32.eqz (i32.or (local.get $t32) (i32.shr_u (local.get $t35) (i32.const 31))))
                (i64.eqz (i64.add (local.get $t38) (local.get $t38)))
              )
              (then
                (local.get $t31)
              )
              (else
                (v128.store (;scratch[0];) (local.get $state) (local.get $t29))
                (v128.store (;scratch[1];)
                  (local.get $state)
                  (f64x2.replace_lane 0
                    (v128.const i8x16 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0)
                    (f64x2.extract_lane 0 (local.get $xmm1))
                  )
                )
                (call $fpSubSd)
                (if $i12 (i32.load (;fault;) (local.get $state))
                  (then
                    (local.set $answer (i32.const (;fault at 8;)))
                    (br $b1)
                  )
                )
                (f64.load (;scratch[3];) (local.get $state))
              )
            )
            (local.tee $t39)
          )
          (else
            (local.get $t31)
          )
        )
        (local.set $t40)
        (local.set $xmm0
          (f64x2.replace_lane 0
            (local.get $t0)
            (f64x2.extract_lane 0 (f64x2.replace_lane 0 (local.get $t29) (local.get $t40)))
          )
        )
        (local.set $rcx (i64.extend_i32_u (local.tee $t41 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))))
        (local.set $t42 (i32.sub (local.get $flagCode) (i32.const 1)))
        (local.set $t43 (local.get $flagFirst))
        (local.set $t44
          (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (i32.const 8) (i32.and (local.get $t42) (i32.const 3)))))
        )
        (local.set $t45 (i32.ge_u (local.get $flagCode) (i32.const 9)))
        (local.set $t46 (i32.and (local.get $t42) (i32.const 4)))
        (local.set $t47 (i64.shl (local.get $flagResult) (local.get $t44)))
        (local.set $t48 (i64.shl (i64.const 1) (local.get $t44)))
        (local.set $t49
          (select
            (select
              (i64.add (local.get $t47) (local.get $t48))
              (i64.sub (local.get $t47) (local.get $t48))
              (local.get $t46)
            )
            (i64.shl (local.get $t43) (local.get $t44))
            (local.get $t45)
          )
        )
        (local.set $t50 (select (local.get $t47) (local.get $t49) (local.get $t46)))
        (local.set $t52
          (i64.sub (local.tee $t51 (select (local.get $t49) (local.get $t47) (local.get $t46))) (local.get $t50))
        )
        (local.set $t53
          (i64.or
            (i64.and (local.get $t50) (local.get $t52))
            (i64.and (i64.or (local.get $t50) (local.get $t52)) (i64.xor (local.get $t51) (i64.const -1)))
          )
        )
        (local.set $flagFirst
          (i64.and
            (select
              (i64.or
                (select
                  (i64.or
                    (local.get $t43)
                    (i64.xor
                      (i64.shr_u (local.get $t43) (i64.const 1))
                      (i64.and
                        (i64.xor (local.get $t53) (i64.shr_u (local.get $t53) (i64.const 1)))
                        (i64.const 4611686018427387904)
                      )
                    )
                  )
                  (i64.and (local.get $t53) (i64.const -4611686018427387904))
                  (local.get $t45)
                )
                (i64.and
                  (i64.shr_u
                    (i64.shr_u (i64.xor (i64.xor (local.get $t50) (local.get $t52)) (local.get $t51)) (local.get $t44))
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
        (local.set $flagCode (i32.const 15))
        (local.set $flagResult (i64.extend_i32_s (local.get $t41)))
        (if $i13 (i32.eqz (i32.eqz (local.get $t41)))
          (then
            (if $i14 (i32.or (i32.lt_s (local.get $left) (i32.const 5)) (i32.load (;attention;) (local.get $state)))
              (then
                (local.set $answer (i32.const (;border at e;)))
                (br $b1)
              )
            )
            (local.set $left (i32.add (local.get $left) (i32.const -5)))
            (br $l3)
          )
        )
        (local.set $answer (i32.const (;helper at 10;)))
        (br $b1)
        (unreachable)
      )
    )
    (if $i15 (local.get $flagCode)
      (then
        (local.set $flagAux (call $flagAux (local.get $flagCode) (local.get $flagFirst) (local.get $flagResult)))
      )
    )
    (i64.store (;flagAux;) (local.get $state) (local.get $flagAux))
    (i64.store (;flagResult;) (local.get $state) (local.get $flagResult))
    (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
    (v128.store (;xmm[0];) (local.get $state) (local.get $xmm0))
    (i64.store (;compiledInstructions;)
      (local.get $state)
      (i64.add
        (i64.load (;compiledInstructions;) (local.get $state))
        (i64.sub (i64.load (;budget;) (local.get $state)) (i64.extend_i32_s (local.get $left)))
      )
    )
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
