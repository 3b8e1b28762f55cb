;; region r0: 5 blocks, 16 instructions
;; block 0
;;   00000000801a  ff c9                           dec ecx
;;   00000000801c  75 e9                           jne 0x8007
;;   00000000801e  f4                              hlt
;; block 1
;;   000000008007  89 c8                           mov eax, ecx
;;   000000008009  83 e0 01                        and eax, 0x1
;;   00000000800c  48 8d 04 83                     lea rax, [rbx+rax*4]
;;   000000008010  ff e0                           jmp rax
;; block 2
;;   000000008016  ff c6                           inc esi
;;   000000008018  eb 00                           jmp 0x801a
;; block 3
;;   000000008012  ff c2                           inc edx
;;   000000008014  eb 04                           jmp 0x801a
;; block 4
;;   000000008000  48 8d 1d 0b 00 00 00            lea rbx, [0x8012]
;;   000000008007  89 c8                           mov eax, ecx
;;   000000008009  83 e0 01                        and eax, 0x1
;;   00000000800c  48 8d 04 83                     lea rax, [rbx+rax*4]
;;   000000008010  ff e0                           jmp rax
;; 1328 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rax i64) (local $rcx i64) (local $rdx i64) (local $rbx i64) (local $rsi i64) (local $t0 i32) (local $t1 i64) (local $t2 i32) (local $t3 i64) (local $t4 i32) (local $t5 i64) (local $t6 i64) (local $t7 i64) (local $t8 i64)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0 (i32.lt_s (local.get $left) (i32.const 10))
      (then
        (return (i32.or (local.get $answer) (i32.const 12)))
      )
    )
    (local.set $page (i64.load (;page;) (local.get $state)))
    (block $b1
      (block $b2
        (br_table $b2 $b2 $b2 $b2 $b2 (local.get $entry))
      )
      (block $b3
        (local.set $flagResult (i64.load (;flagResult;) (local.get $state)))
        (local.set $flagCode (i32.load (;flagCode;) (local.get $state)))
        (local.set $flagFirst (i64.load (;flagFirst;) (local.get $state)))
        (local.set $flagAux (i64.load (;flagAux;) (local.get $state)))
        (local.set $rax (i64.load (;gpr[0];) (local.get $state)))
        (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
        (local.set $rdx (i64.load (;gpr[2];) (local.get $state)))
        (local.set $rbx (i64.load (;gpr[3];) (local.get $state)))
        (local.set $rsi (i64.load (;gpr[6];) (local.get $state)))
        (loop $l4
          (block $b5
            (if $i6 (local.get $entry)
              (then
                (br_table $i6 $i6 $b5 $b5 $i6 (local.get $entry))
              )
            )
            (local.set $entry (i32.const 0))
            (block $b7
              (local.set $rbx (i64.add (local.get $page) (i64.const 18)))
              (br $b5)
              (unreachable)
            )
            (br $b3)
          )
          (loop $l8
            (block $b9
              (if $i10 (local.get $entry)
                (then
                  (br_table $i10 $i10 $i10 $b9 $i10 (local.get $entry))
                )
              )
              (local.set $entry (i32.const 0))
              (block $b11
                (block $b12
                  (local.set $entry (i32.const 0))
                  (block $b13
                    (local.set $rax (i64.extend_i32_u (local.tee $t0 (i32.wrap_i64 (local.get $rcx)))))
                    (local.set $rax (local.tee $t1 (i64.extend_i32_u (local.tee $t0 (i32.and (local.get $t0) (i32.const 1))))))
                    (local.set $flagAux (i64.const 0))
                    (local.set $flagCode (i32.const 0))
                    (local.set $flagResult (i64.extend_i32_s (local.get $t0)))
                    (local.set $rax (local.tee $t1 (i64.add (local.get $rbx) (i64.shl (local.get $t1) (i64.const 2)))))
                    (if $i14 (i64.eq (local.get $t1) (i64.add (local.get $page) (i64.const 22)))
                      (then
                        (local.set $left (i32.add (local.get $left) (i32.const -2)))
                        (br $b12)
                      )
                    )
                    (if $i15 (i64.eq (local.get $t1) (i64.add (local.get $page) (i64.const 18)))
                      (then
                        (local.set $left (i32.add (local.get $left) (i32.const -2)))
                        (br $b11)
                      )
                    )
                    (if $i16 (i64.eq (local.get $t1) (local.get $page))
                      (then
                        (if $i17 (i32.lt_s (local.get $left) (i32.const 10))
                          (then
                            (i64.store (;rip;) (local.get $state) (local.get $t1))
                            (local.set $answer (i32.const 9))
                            (br $b13)
                          )
                        )
                        (if $i18 (i32.load (;attention;) (local.get $state))
                          (then
                            (i64.store (;rip;) (local.get $state) (local.get $t1))
                            (local.set $answer (i32.const 9))
                            (br $b13)
                          )
                        )
                        (local.set $left (i32.add (local.get $left) (i32.const -5)))
                        (br $l4)
                      )
                    )
                    (local.set $answer (i32.const (;miss at 10;)))
                    (br_if $b13 (i64.ne (i64.shr_s (i64.shl (local.get $t1) (i64.const 16)) (i64.const 16)) (local.get $t1)))
                    (i64.store (;rip;) (local.get $state) (local.get $t1))
                    (local.set $answer (i32.const 4))
                    (br $b13)
                    (unreachable)
                  )
                  (br $b3)
                )
                (block $b19
                  (local.set $rsi (i64.extend_i32_u (local.tee $t0 (i32.add (i32.wrap_i64 (local.get $rsi)) (i32.const 1)))))
                  (local.set $t2 (i32.sub (local.get $flagCode) (i32.const 1)))
                  (local.set $t1 (local.get $flagFirst))
                  (local.set $t3
                    (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (i32.const 8) (i32.and (local.get $t2) (i32.const 3)))))
                  )
                  (local.set $t4 (i32.ge_u (local.get $flagCode) (i32.const 9)))
                  (local.set $t2 (i32.and (local.get $t2) (i32.const 4)))
                  (local.set $t5 (i64.shl (local.get $flagResult) (local.get $t3)))
                  (local.set $t6 (i64.shl (i64.const 1) (local.get $t3)))
                  (local.set $t6
                    (select
                      (select (i64.add (local.get $t5) (local.get $t6)) (i64.sub (local.get $t5) (local.get $t6)) (local.get $t2))
                      (i64.shl (local.get $t1) (local.get $t3))
                      (local.get $t4)
                    )
                  )
                  (local.set $t7 (select (local.get $t5) (local.get $t6) (local.get $t2)))
                  (local.set $t6
                    (i64.sub (local.tee $t5 (select (local.get $t6) (local.get $t5) (local.get $t2))) (local.get $t7))
                  )
                  (local.set $t8
                    (i64.or
                      (i64.and (local.get $t7) (local.get $t6))
                      (i64.and (i64.or (local.get $t7) (local.get $t6)) (i64.xor (local.get $t5) (i64.const -1)))
                    )
                  )
                  (local.set $flagFirst
                    (i64.and
                      (select
                        (i64.or
                          (select
                            (i64.or
                              (local.get $t1)
                              (i64.xor
                                (i64.shr_u (local.get $t1) (i64.const 1))
                                (i64.and (i64.xor (local.get $t8) (i64.shr_u (local.get $t8) (i64.const 1))) (i64.const 4611686018427387904))
                              )
                            )
                            (i64.and (local.get $t8) (i64.const -4611686018427387904))
                            (local.get $t4)
                          )
                          (i64.and
                            (i64.shr_u
                              (i64.shr_u (i64.xor (i64.xor (local.get $t7) (local.get $t6)) (local.get $t5)) (local.get $t3))
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
                  (local.set $flagCode (i32.const 11))
                  (local.set $flagResult (i64.extend_i32_s (local.get $t0)))
                  (local.set $left (i32.add (local.get $left) (i32.const -3)))
                  (br $b9)
                  (unreachable)
                )
                (br $b3)
              )
              (block $b20
                (local.set $rdx (i64.extend_i32_u (local.tee $t0 (i32.add (i32.wrap_i64 (local.get $rdx)) (i32.const 1)))))
                (local.set $t2 (i32.sub (local.get $flagCode) (i32.const 1)))
                (local.set $t1 (local.get $flagFirst))
                (local.set $t3
                  (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (i32.const 8) (i32.and (local.get $t2) (i32.const 3)))))
                )
                (local.set $t4 (i32.ge_u (local.get $flagCode) (i32.const 9)))
                (local.set $t2 (i32.and (local.get $t2) (i32.const 4)))
                (local.set $t5 (i64.shl (local.get $flagResult) (local.get $t3)))
                (local.set $t6 (i64.shl (i64.const 1) (local.get $t3)))
                (local.set $t6
                  (select
                    (select (i64.add (local.get $t5) (local.get $t6)) (i64.sub (local.get $t5) (local.get $t6)) (local.get $t2))
                    (i64.shl (local.get $t1) (local.get $t3))
                    (local.get $t4)
                  )
                )
                (local.set $t7 (select (local.get $t5) (local.get $t6) (local.get $t2)))
                (local.set $t6
                  (i64.sub (local.tee $t5 (select (local.get $t6) (local.get $t5) (local.get $t2))) (local.get $t7))
                )
                (local.set $t8
                  (i64.or
                    (i64.and (local.get $t7) (local.get $t6))
                    (i64.and (i64.or (local.get $t7) (local.get $t6)) (i64.xor (local.get $t5) (i64.const -1)))
                  )
                )
                (local.set $flagFirst
                  (i64.and
                    (select
                      (i64.or
                        (select
                          (i64.or
                            (local.get $t1)
                            (i64.xor
                              (i64.shr_u (local.get $t1) (i64.const 1))
                              (i64.and (i64.xor (local.get $t8) (i64.shr_u (local.get $t8) (i64.const 1))) (i64.const 4611686018427387904))
                            )
                          )
                          (i64.and (local.get $t8) (i64.const -4611686018427387904))
                          (local.get $t4)
                        )
                        (i64.and
                          (i64.shr_u
                            (i64.shr_u (i64.xor (i64.xor (local.get $t7) (local.get $t6)) (local.get $t5)) (local.get $t3))
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
                (local.set $flagCode (i32.const 11))
                (local.set $flagResult (i64.extend_i32_s (local.get $t0)))
                (local.set $left (i32.add (local.get $left) (i32.const -3)))
                (br $b9)
                (unreachable)
              )
              (br $b3)
            )
            (local.set $entry (i32.const 0))
            (block $b21
              (local.set $rcx (i64.extend_i32_u (local.tee $t0 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))))
              (local.set $t2 (i32.sub (local.get $flagCode) (i32.const 1)))
              (local.set $t1 (local.get $flagFirst))
              (local.set $t3
                (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (i32.const 8) (i32.and (local.get $t2) (i32.const 3)))))
              )
              (local.set $t4 (i32.ge_u (local.get $flagCode) (i32.const 9)))
              (local.set $t2 (i32.and (local.get $t2) (i32.const 4)))
              (local.set $t5 (i64.shl (local.get $flagResult) (local.get $t3)))
              (local.set $t6 (i64.shl (i64.const 1) (local.get $t3)))
              (local.set $t6
                (select
                  (select (i64.add (local.get $t5) (local.get $t6)) (i64.sub (local.get $t5) (local.get $t6)) (local.get $t2))
                  (i64.shl (local.get $t1) (local.get $t3))
                  (local.get $t4)
                )
              )
              (local.set $t7 (select (local.get $t5) (local.get $t6) (local.get $t2)))
              (local.set $t6
                (i64.sub (local.tee $t5 (select (local.get $t6) (local.get $t5) (local.get $t2))) (local.get $t7))
              )
              (local.set $t8
                (i64.or
                  (i64.and (local.get $t7) (local.get $t6))
                  (i64.and (i64.or (local.get $t7) (local.get $t6)) (i64.xor (local.get $t5) (i64.const -1)))
                )
              )
              (local.set $flagFirst
                (i64.and
                  (select
                    (i64.or
                      (select
                        (i64.or
                          (local.get $t1)
                          (i64.xor
                            (i64.shr_u (local.get $t1) (i64.const 1))
                            (i64.and (i64.xor (local.get $t8) (i64.shr_u (local.get $t8) (i64.const 1))) (i64.const 4611686018427387904))
                          )
                        )
                        (i64.and (local.get $t8) (i64.const -4611686018427387904))
                        (local.get $t4)
                      )
                      (i64.and
                        (i64.shr_u
                          (i64.shr_u (i64.xor (i64.xor (local.get $t7) (local.get $t6)) (local.get $t5)) (local.get $t3))
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
              (local.set $flagResult (i64.extend_i32_s (local.get $t0)))
              (if $i22 (local.get $t0)
                (then
                  (local.set $answer (i32.const (;border at 1c;)))
                  (br_if $b21 (i32.lt_s (local.get $left) (i32.const 8)))
                  (br_if $b21 (i32.load (;attention;) (local.get $state)))
                  (local.set $left (i32.add (local.get $left) (i32.const -3)))
                  (br $l8)
                )
              )
              (local.set $answer (i32.const (;helper at 1e;)))
              (br $b21)
              (unreachable)
            )
            (br $b3)
          )
        )
      )
      (i64.store (;flagResult;) (local.get $state) (local.get $flagResult))
      (i32.store (;flagCode;) (local.get $state) (local.get $flagCode))
      (i64.store (;flagFirst;) (local.get $state) (local.get $flagFirst))
      (i64.store (;flagAux;) (local.get $state) (local.get $flagAux))
      (i64.store (;gpr[0];) (local.get $state) (local.get $rax))
      (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
      (i64.store (;gpr[2];) (local.get $state) (local.get $rdx))
      (i64.store (;gpr[3];) (local.get $state) (local.get $rbx))
      (i64.store (;gpr[6];) (local.get $state) (local.get $rsi))
      (br $b1)
    )
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
