;; region r0: 1 block, 5 instructions
;; block 0
;;   000000008000  48 03 06                        add rax, qword ptr [rsi]
;;   000000008003  48 83 c6 08                     add rsi, 0x8
;;   000000008007  ff c9                           dec ecx
;;   000000008009  75 f5                           jne 0x8000
;;   00000000800b  f4                              hlt
;; 500 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (import "core" "locate" (func $locate (param i64 i32) (result i32)))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rax i64) (local $rcx i64) (local $rsi i64) (local $t0 i64) (local $t1 i32) (local $streamPage0 i64) (local $t3 i32) (local $streamAddend0 i32) (local $t5 i64)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0 (i32.lt_s (local.get $left) (i32.const 5))
      (then
        (return (i32.or (local.get $answer) (i32.const 12)))
      )
    )
    (local.set $page (i64.load (;page;) (local.get $state)))
    (local.set $streamPage0 (i64.const -1))
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
        (local.set $rsi (i64.load (;gpr[6];) (local.get $state)))
        (loop $l4
          (block $b5
            (local.set $t1 (i32.wrap_i64 (local.tee $t0 (local.get $rsi))))
            (if $i6 (i64.ne (i64.and (local.get $t0) (i64.const -4089)) (local.get $streamPage0))
              (then
                (if $i7
                  (i64.ne
                    (i64.or
                      (i64.xor (i64.and (local.get $t0) (i64.const -4096)) (local.get $streamPage0))
                      (i64.xor (i64.and (i64.add (local.get $t0) (i64.const 7)) (i64.const -4096)) (local.get $streamPage0))
                    )
                    (i64.const 0)
                  )
                  (then
                    (local.set $t3 (call $locate (local.get $t0) (i32.const 8)))
                    (local.set $answer (i32.const (;miss at 0;)))
                    (br_if $b5 (i32.eqz (local.get $t3)))
                    (local.set $streamAddend0 (i32.sub (local.get $t3) (local.get $t1)))
                    (local.set $streamPage0 (i64.and (local.get $t0) (i64.const -4096)))
                  )
                )
              )
            )
            (local.set $rax (i64.add (local.get $rax) (i64.load (i32.add (local.get $streamAddend0) (local.get $t1)))))
            (local.set $rsi (local.tee $t5 (i64.add (local.get $t0) (i64.const 8))))
            (local.set $flagFirst (local.get $t0))
            (local.set $flagCode (i32.const 4))
            (local.set $flagResult (local.get $t5))
            (local.set $rcx (i64.extend_i32_u (local.tee $t1 (i32.sub (i32.wrap_i64 (local.get $rcx)) (i32.const 1)))))
            (local.set $flagFirst (i64.shl (i64.extend_i32_u (i64.lt_u (local.get $t5) (local.get $t0))) (i64.const 63)))
            (local.set $flagCode (i32.const 15))
            (local.set $flagResult (i64.extend_i32_s (local.get $t1)))
            (if $i8 (local.get $t1)
              (then
                (local.set $answer (i32.const (;border at 9;)))
                (br_if $b5 (i32.lt_s (local.get $left) (i32.const 4)))
                (br_if $b5 (i32.load (;attention;) (local.get $state)))
                (local.set $left (i32.add (local.get $left) (i32.const -4)))
                (br $l4)
              )
            )
            (local.set $answer (i32.const (;helper at b;)))
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
      (i64.store (;gpr[6];) (local.get $state) (local.get $rsi))
      (br $b1)
    )
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
