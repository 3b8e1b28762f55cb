;; region r0: 1 block, 6 instructions
;; block 0
;;   000000008000  89 df                           mov edi, ebx
;;   000000008002  b9 40 00 00 00                  mov ecx, 0x40
;;   000000008007  f3 aa                           rep stosb
;;   000000008009  ff ca                           dec edx
;;   00000000800b  75 f3                           jne 0x8000
;;   00000000800d  f4                              hlt
;; 269 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (import "core" "flagAux" (func $flagAux (param i32 i64 i64) (result i64)))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rcx i64) (local $rbx i64) (local $rdi i64) (local $stackPage i64)
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
    (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
    (local.set $rbx (i64.load (;gpr[3];) (local.get $state)))
    (local.set $rdi (i64.load (;gpr[7];) (local.get $state)))
    (block $b1
      (block $b2
      )
      (local.set $rdi (i64.extend_i32_u (i32.wrap_i64 (local.get $rbx))))
      (local.set $rcx (i64.const 64))
      (local.set $answer (i32.const (;helper at 7;)))
      (br $b1)
      (unreachable)
    )
    (if $i3 (local.get $flagCode)
      (then
        (local.set $flagAux (call $flagAux (local.get $flagCode) (local.get $flagFirst) (local.get $flagResult)))
      )
    )
    (i64.store (;flagAux;) (local.get $state) (local.get $flagAux))
    (i64.store (;flagResult;) (local.get $state) (local.get $flagResult))
    (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
    (i64.store (;gpr[7];) (local.get $state) (local.get $rdi))
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
