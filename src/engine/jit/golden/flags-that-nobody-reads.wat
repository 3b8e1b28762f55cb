;; region r0: 1 block, 7 instructions
;; block 0
;;   000000008000  48 01 d8                        add rax, rbx
;;   000000008003  48 31 c2                        xor rdx, rax
;;   000000008006  48 21 d6                        and rsi, rdx
;;   000000008009  48 c1 e2 03                     shl rdx, 0x3
;;   00000000800d  ff c9                           dec ecx
;;   00000000800f  75 ef                           jne 0x8000
;;   000000008011  f4                              hlt
;; 456 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rax i64) (local $rcx i64) (local $rdx i64) (local $rbx i64) (local $rsi i64) (local $t0 i64) (local $t1 i64) (local $t2 i32)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0 (i32.lt_s (local.get $left) (i32.const 7))
      (then
        (return (i32.or (local.get $answer) (i32.const 12)))
      )
    )
    (local.set $page (i64.load (;page;) (local.get $state)))
    (block $b1
      (block $b2
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
            (local.set $rax (local.tee $t0 (i64.add (local.get $rax) (local.get $rbx))))
            (local.set $rdx (local.tee $t0 (i64.xor (local.get $rdx) (local.get $t0))))
            (local.set $rsi (i64.and (local.get $rsi) (local.get $t0)))
            (local.set $rdx (local.tee $t1 (i64.shl (local.get $t0) (i64.const 3))))
            (local.set $flagAux
              (local.tee $t0
                (i64.or
                  (i64.shl
                    (local.tee $t0
                      (i64.extend_i32_u
                        (local.tee $t2 (i32.and (i32.wrap_i64 (i64.shr_u (local.get $t0) (i64.const 61))) (i32.const 1)))
                      )
                    )
                    (i64.const 63)
                  )
                  (i64.shl
                    (i64.xor
                      (local.get $t0)
                      (i64.extend_i32_u (i32.xor (i32.wrap_i64 (i64.shr_u (local.get $t1) (i64.const 63))) (local.get $t2)))
                    )
                    (i64.const 62)
                  )
                )
              )
            )
            (local.set $flagCode (i32.const 0))
            (local.set $flagResult (local.get $t1))
            (local.set $rcx (i64.extend_i32_u (local.tee $t2 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))))
            (local.set $flagFirst (i64.and (local.get $t0) (i64.const -9223372036854775808)))
            (local.set $flagCode (i32.const 15))
            (local.set $flagResult (i64.extend_i32_s (local.get $t2)))
            (if $i6 (local.get $t2)
              (then
                (local.set $answer (i32.const (;border at f;)))
                (br_if $b5 (i32.lt_s (local.get $left) (i32.const 6)))
                (br_if $b5 (i32.load (;attention;) (local.get $state)))
                (local.set $left (i32.add (local.get $left) (i32.const -6)))
                (br $l4)
              )
            )
            (local.set $answer (i32.const (;helper at 11;)))
            (br $b5)
            (unreachable)
          )
          (br $b3)
        )
      )
      (i64.store (;flagResult;) (local.get $state) (local.get $flagResult))
      (i32.store (;flagCode;) (local.get $state) (local.get $flagCode))
      (i64.store (;flagFirst;) (local.get $state) (local.get $flagFirst))
      (i64.store (;flagAux;) (local.get $state) (local.get $flagAux))
      (i64.store (;gpr[0];) (local.get $state) (local.get $rax))
      (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
      (i64.store (;gpr[2];) (local.get $state) (local.get $rdx))
      (i64.store (;gpr[6];) (local.get $state) (local.get $rsi))
      (br $b1)
    )
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
