;; region r0: 1 block, 4 instructions
;; block 0
;;   000000008000  48 01 c8                        add rax, rcx
;;   000000008003  ff c9                           dec ecx
;;   000000008005  75 f9                           jne 0x8000
;;   000000008007  f4                              hlt
;; 363 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rax i64) (local $rcx i64) (local $t0 i64) (local $t1 i64) (local $t2 i64) (local $t3 i32)
    (local.set $left (i32.load (;budget;) (local.get $state)))
    (if $i0 (i32.lt_s (local.get $left) (i32.const 4))
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
        (loop $l4
          (block $b5
            (local.set $t0 (local.get $rcx))
            (local.set $rax (local.tee $t2 (i64.add (local.tee $t1 (local.get $rax)) (local.get $t0))))
            (local.set $flagFirst (local.get $t1))
            (local.set $flagCode (i32.const 4))
            (local.set $flagResult (local.get $t2))
            (local.set $rcx (i64.extend_i32_u (local.tee $t3 (i32.sub (i32.wrap_i64 (local.get $t0)) (i32.const 1)))))
            (local.set $flagFirst (i64.shl (i64.extend_i32_u (i64.lt_u (local.get $t2) (local.get $t1))) (i64.const 63)))
            (local.set $flagCode (i32.const 15))
            (local.set $flagResult (i64.extend_i32_s (local.get $t3)))
            (if $i6 (local.get $t3)
              (then
                (local.set $answer (i32.const (;border at 5;)))
                (br_if $b5 (i32.lt_s (local.get $left) (i32.const 3)))
                (br_if $b5 (i32.load (;attention;) (local.get $state)))
                (local.set $left (i32.add (local.get $left) (i32.const -3)))
                (br $l4)
              )
            )
            (local.set $answer (i32.const (;helper at 7;)))
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
      (br $b1)
    )
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
