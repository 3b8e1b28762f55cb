;; region r0: 1 block, 6 instructions
;; block 0
;;   000000008000  48 8b 03                        mov rax, qword ptr [rbx]
;;   000000008003  48 01 43 08                     add qword ptr [rbx+0x8], rax
;;   000000008007  89 43 10                        mov dword ptr [rbx+0x10], eax
;;   00000000800a  ff c9                           dec ecx
;;   00000000800c  75 f2                           jne 0x8000
;;   00000000800e  f4                              hlt
;; 824 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (import "core" "refill" (func $refill (param i64 i32 i32) (result i32)))
  (import "core" "flagAux" (func $flagAux (param i32 i64 i64) (result i64)))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rax i64) (local $rcx i64) (local $rbx i64) (local $stackPage i64) (local $streamPage i64) (local $t-15 i64) (local $streamAddend i32) (local $t-7 i32) (local $t0 i64) (local $t1 i32) (local $t2 i32) (local $t3 i64) (local $t4 i64) (local $t5 i64) (local $t6 i32) (local $t7 i32) (local $t8 i32) (local $t9 i64) (local $t10 i64) (local $t11 i64) (local $t12 i64) (local $t13 i32) (local $t14 i32) (local $t15 i32)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0 (i32.lt_s (local.get $left) (i32.const 6))
      (then
        (return (i32.or (local.get $answer) (i32.const 12)))
      )
    )
    (local.set $page (i64.load (;page;) (local.get $state)))
    (local.set $flagResult (i64.load (;flagResult;) (local.get $state)))
    (local.set $flagAux (i64.load (;flagAux;) (local.get $state)))
    (local.set $stackPage (i64.const -1))
    (local.set $streamPage (i64.const -1))
    (local.set $t-15 (i64.const -1))
    (local.set $rax (i64.load (;gpr[0];) (local.get $state)))
    (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
    (local.set $rbx (i64.load (;gpr[3];) (local.get $state)))
    (block $b1
      (block $b2
      )
      (loop $l3
        (if $i4
          (i64.ne
            (local.tee $t0 (i64.and (i64.add (local.get $rbx) (i64.const 7)) (i64.const -4096)))
            (local.get $streamPage)
          )
          (then
            (if $i5
              (i32.eqz
                (i64.eq
                  (i64.load
                    (local.tee $t1
                      (i32.add
                        (i32.load (;tlb;) (local.get $state))
                        (i32.and
                          (i32.shr_u
                            (i32.mul (i32.wrap_i64 (i64.shr_u (local.get $rbx) (i64.const 12))) (i32.const -1640531535))
                            (i32.const 13)
                          )
                          (i32.const 524256)
                        )
                      )
                    )
                  )
                  (i64.and (i64.add (local.get $rbx) (i64.const 7)) (i64.const -4096))
                )
              )
              (then
                (if $i6 (i32.eqz (local.tee $t2 (call $refill (local.get $rbx) (i32.const 8) (i32.const 0))))
                  (then
                    (local.set $answer (i32.const (;miss at 0;)))
                    (br $b1)
                  )
                )
              )
            )
            (local.set $streamAddend (i32.load offset=24 (local.get $t1)))
            (local.set $streamPage (local.get $t0))
          )
        )
        (local.set $rax
          (local.tee $t3 (i64.load (i32.add (local.get $streamAddend) (i32.wrap_i64 (local.get $rbx)))))
        )
        (if $i7
          (i64.ne
            (local.tee $t5
              (i64.and (i64.add (local.tee $t4 (i64.add (local.get $rbx) (i64.const 8))) (i64.const 7)) (i64.const -4096))
            )
            (local.get $t-15)
          )
          (then
            (if $i8
              (i32.eqz
                (i64.eq
                  (i64.load offset=8
                    (local.tee $t6
                      (i32.add
                        (i32.load (;tlb;) (local.get $state))
                        (i32.and
                          (i32.shr_u
                            (i32.mul (i32.wrap_i64 (i64.shr_u (local.get $t4) (i64.const 12))) (i32.const -1640531535))
                            (i32.const 13)
                          )
                          (i32.const 524256)
                        )
                      )
                    )
                  )
                  (i64.and (i64.add (local.get $t4) (i64.const 7)) (i64.const -4096))
                )
              )
              (then
                (if $i9 (i32.eqz (local.tee $t7 (call $refill (local.get $t4) (i32.const 8) (i32.const 1))))
                  (then
                    (local.set $answer (i32.const (;miss at 3;)))
                    (br $b1)
                  )
                )
              )
            )
            (local.set $t-7 (i32.load offset=24 (local.get $t6)))
            (local.set $t-15 (local.get $t5))
          )
        )
        (local.set $t10
          (i64.add
            (local.tee $t9 (i64.load (local.tee $t8 (i32.add (local.get $t-7) (i32.wrap_i64 (local.get $t4))))))
            (local.get $t3)
          )
        )
        (i64.store (local.get $t8) (local.get $t10))
        (local.set $flagFirst (local.get $t9))
        (local.set $flagCode (i32.const 4))
        (local.set $flagResult (local.get $t10))
        (if $i10
          (i64.ne
            (local.tee $t12
              (i64.and (i64.add (local.tee $t11 (i64.add (local.get $rbx) (i64.const 16))) (i64.const 3)) (i64.const -4096))
            )
            (local.get $t-15)
          )
          (then
            (if $i11
              (i32.eqz
                (i64.eq
                  (i64.load offset=8
                    (local.tee $t13
                      (i32.add
                        (i32.load (;tlb;) (local.get $state))
                        (i32.and
                          (i32.shr_u
                            (i32.mul (i32.wrap_i64 (i64.shr_u (local.get $t11) (i64.const 12))) (i32.const -1640531535))
                            (i32.const 13)
                          )
                          (i32.const 524256)
                        )
                      )
                    )
                  )
                  (i64.and (i64.add (local.get $t11) (i64.const 3)) (i64.const -4096))
                )
              )
              (then
                (if $i12 (i32.eqz (local.tee $t14 (call $refill (local.get $t11) (i32.const 4) (i32.const 1))))
                  (then
                    (local.set $answer (i32.const (;miss at 7;)))
                    (br $b1)
                  )
                )
              )
            )
            (local.set $t-7 (i32.load offset=24 (local.get $t13)))
            (local.set $t-15 (local.get $t12))
          )
        )
        (i32.store (i32.add (local.get $t-7) (i32.wrap_i64 (local.get $t11))) (i32.wrap_i64 (local.get $t3)))
        (local.set $rcx (i64.extend_i32_u (local.tee $t15 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))))
        (local.set $flagFirst (i64.shl (i64.extend_i32_u (i64.lt_u (local.get $t10) (local.get $t9))) (i64.const 63)))
        (local.set $flagCode (i32.const 15))
        (local.set $flagResult (i64.extend_i32_s (local.get $t15)))
        (if $i13 (i32.eqz (i32.eqz (local.get $t15)))
          (then
            (if $i14 (i32.lt_s (local.get $left) (i32.const 5))
              (then
                (local.set $answer (i32.const (;border at c;)))
                (br $b1)
              )
            )
            (if $i15 (i32.load (;attention;) (local.get $state))
              (then
                (local.set $answer (i32.const (;border at c;)))
                (br $b1)
              )
            )
            (local.set $left (i32.add (local.get $left) (i32.const -5)))
            (br $l3)
          )
        )
        (local.set $answer (i32.const (;helper at e;)))
        (br $b1)
        (unreachable)
      )
    )
    (if $i16 (local.get $flagCode)
      (then
        (local.set $flagAux (call $flagAux (local.get $flagCode) (local.get $flagFirst) (local.get $flagResult)))
      )
    )
    (i64.store (;flagAux;) (local.get $state) (local.get $flagAux))
    (i64.store (;flagResult;) (local.get $state) (local.get $flagResult))
    (i64.store (;gpr[0];) (local.get $state) (local.get $rax))
    (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
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
