;; region r0: 1 block, 7 instructions
;; block 0
;;   000000008000  51                              push rcx
;;   000000008001  50                              push rax
;;   000000008002  5a                              pop rdx
;;   000000008003  59                              pop rcx
;;   000000008004  ff c9                           dec ecx
;;   000000008006  75 f8                           jne 0x8000
;;   000000008008  f4                              hlt
;; 1029 bytes of Wasm
(module
  (import "env" "memory" (memory 17 65536 shared))
  (import "core" "locate" (func $locate (param i64 i32) (result i32)))
  (func $r0 (export "r0") (param $state i32) (param $entry i32) (param $answer i32) (result i32)
    (local $left i32) (local $flagCode i32) (local $page i64) (local $flagResult i64) (local $flagFirst i64) (local $flagAux i64) (local $rax i64) (local $rcx i64) (local $rdx i64) (local $rsp i64) (local $stackPage i64) (local $stackAddend i32) (local $t0 i64) (local $t1 i64) (local $t2 i32) (local $t3 i32) (local $t4 i32) (local $t5 i64) (local $t6 i64) (local $t7 i64) (local $t8 i64)
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
        (local.set $stackPage (i64.load (;stackPage;) (local.get $state)))
        (local.set $stackAddend (i32.load (;stackAddend;) (local.get $state)))
        (local.set $rax (i64.load (;gpr[0];) (local.get $state)))
        (local.set $rcx (i64.load (;gpr[1];) (local.get $state)))
        (local.set $rdx (i64.load (;gpr[2];) (local.get $state)))
        (local.set $rsp (i64.load (;gpr[4];) (local.get $state)))
        (loop $l4
          (block $b5
            (local.set $t0 (local.get $rcx))
            (local.set $t2 (i32.wrap_i64 (local.tee $t1 (i64.add (local.get $rsp) (i64.const -8)))))
            (if $i6 (i64.ne (i64.and (local.get $t1) (i64.const -4089)) (local.get $stackPage))
              (then
                (if $i7
                  (i64.ne
                    (i64.or
                      (i64.xor (i64.and (local.get $t1) (i64.const -4096)) (local.get $stackPage))
                      (i64.xor (i64.and (i64.add (local.get $t1) (i64.const 7)) (i64.const -4096)) (local.get $stackPage))
                    )
                    (i64.const 0)
                  )
                  (then
                    (local.set $t3 (call $locate (local.get $t1) (i32.const 264)))
                    (local.set $answer (i32.const (;miss at 0;)))
                    (br_if $b5 (i32.eqz (local.get $t3)))
                    (local.set $stackAddend (i32.sub (local.get $t3) (local.get $t2)))
                    (local.set $stackPage (i64.and (local.get $t1) (i64.const -4096)))
                  )
                )
              )
            )
            (i64.store (i32.add (local.get $stackAddend) (local.get $t2)) (local.get $t0))
            (local.set $rsp (local.get $t1))
            (local.set $t2 (i32.wrap_i64 (local.tee $t1 (i64.add (local.get $t1) (i64.const -8)))))
            (if $i8 (i64.ne (i64.and (local.get $t1) (i64.const -4089)) (local.get $stackPage))
              (then
                (if $i9
                  (i64.ne
                    (i64.or
                      (i64.xor (i64.and (local.get $t1) (i64.const -4096)) (local.get $stackPage))
                      (i64.xor (i64.and (i64.add (local.get $t1) (i64.const 7)) (i64.const -4096)) (local.get $stackPage))
                    )
                    (i64.const 0)
                  )
                  (then
                    (local.set $t3 (call $locate (local.get $t1) (i32.const 264)))
                    (local.set $answer (i32.const (;miss at 1;)))
                    (br_if $b5 (i32.eqz (local.get $t3)))
                    (local.set $stackAddend (i32.sub (local.get $t3) (local.get $t2)))
                    (local.set $stackPage (i64.and (local.get $t1) (i64.const -4096)))
                  )
                )
              )
            )
            (i64.store (i32.add (local.get $stackAddend) (local.get $t2)) (local.get $rax))
            (local.set $rsp (local.get $t1))
            (local.set $t0 (i64.add (local.get $t1) (i64.const 8)))
            (local.set $t2 (i32.wrap_i64 (local.get $t1)))
            (if $i10 (i64.ne (i64.and (local.get $t1) (i64.const -4089)) (local.get $stackPage))
              (then
                (if $i11
                  (i64.ne
                    (i64.or
                      (i64.xor (i64.and (local.get $t1) (i64.const -4096)) (local.get $stackPage))
                      (i64.xor (i64.and (i64.add (local.get $t1) (i64.const 7)) (i64.const -4096)) (local.get $stackPage))
                    )
                    (i64.const 0)
                  )
                  (then
                    (local.set $t3 (call $locate (local.get $t1) (i32.const 264)))
                    (local.set $answer (i32.const (;miss at 2;)))
                    (br_if $b5 (i32.eqz (local.get $t3)))
                    (local.set $stackAddend (i32.sub (local.get $t3) (local.get $t2)))
                    (local.set $stackPage (i64.and (local.get $t1) (i64.const -4096)))
                  )
                )
              )
            )
            (local.set $t1 (i64.load (i32.add (local.get $stackAddend) (local.get $t2))))
            (local.set $rsp (local.get $t0))
            (local.set $rdx (local.get $t1))
            (local.set $t2 (i32.wrap_i64 (local.get $t0)))
            (if $i12 (i64.ne (i64.and (local.get $t0) (i64.const -4089)) (local.get $stackPage))
              (then
                (if $i13
                  (i64.ne
                    (i64.or
                      (i64.xor (i64.and (local.get $t0) (i64.const -4096)) (local.get $stackPage))
                      (i64.xor (i64.and (i64.add (local.get $t0) (i64.const 7)) (i64.const -4096)) (local.get $stackPage))
                    )
                    (i64.const 0)
                  )
                  (then
                    (local.set $t3 (call $locate (local.get $t0) (i32.const 264)))
                    (local.set $answer (i32.const (;miss at 3;)))
                    (br_if $b5 (i32.eqz (local.get $t3)))
                    (local.set $stackAddend (i32.sub (local.get $t3) (local.get $t2)))
                    (local.set $stackPage (i64.and (local.get $t0) (i64.const -4096)))
                  )
                )
              )
            )
            (local.set $t1 (i64.load (i32.add (local.get $stackAddend) (local.get $t2))))
            (local.set $rsp (i64.add (local.get $t0) (i64.const 8)))
            (local.set $rcx (local.get $t1))
            (local.set $rcx (i64.extend_i32_u (local.tee $t2 (i32.sub (i32.wrap_i64 (local.get $t1)) (i32.const 1)))))
            (local.set $t3 (i32.sub (local.get $flagCode) (i32.const 1)))
            (local.set $t1 (local.get $flagFirst))
            (local.set $t0
              (i64.extend_i32_u (i32.sub (i32.const 64) (i32.shl (i32.const 8) (i32.and (local.get $t3) (i32.const 3)))))
            )
            (local.set $t4 (i32.ge_u (local.get $flagCode) (i32.const 9)))
            (local.set $t3 (i32.and (local.get $t3) (i32.const 4)))
            (local.set $t5 (i64.shl (local.get $flagResult) (local.get $t0)))
            (local.set $t6 (i64.shl (i64.const 1) (local.get $t0)))
            (local.set $t6
              (select
                (select (i64.add (local.get $t5) (local.get $t6)) (i64.sub (local.get $t5) (local.get $t6)) (local.get $t3))
                (i64.shl (local.get $t1) (local.get $t0))
                (local.get $t4)
              )
            )
            (local.set $t7 (select (local.get $t5) (local.get $t6) (local.get $t3)))
            (local.set $t6
              (i64.sub (local.tee $t5 (select (local.get $t6) (local.get $t5) (local.get $t3))) (local.get $t7))
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
                        (i64.shr_u (i64.xor (i64.xor (local.get $t7) (local.get $t6)) (local.get $t5)) (local.get $t0))
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
            (local.set $flagResult (i64.extend_i32_s (local.get $t2)))
            (if $i14 (local.get $t2)
              (then
                (local.set $answer (i32.const (;border at 6;)))
                (br_if $b5 (i32.lt_s (local.get $left) (i32.const 6)))
                (br_if $b5 (i32.load (;attention;) (local.get $state)))
                (local.set $left (i32.add (local.get $left) (i32.const -6)))
                (br $l4)
              )
            )
            (local.set $answer (i32.const (;helper at 8;)))
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
      (i64.store (;gpr[1];) (local.get $state) (local.get $rcx))
      (i64.store (;gpr[2];) (local.get $state) (local.get $rdx))
      (i64.store (;gpr[4];) (local.get $state) (local.get $rsp))
      (i64.store (;stackPage;) (local.get $state) (local.get $stackPage))
      (i32.store (;stackAddend;) (local.get $state) (local.get $stackAddend))
      (br $b1)
    )
    (i64.store (;budget;) (local.get $state) (i64.extend_i32_s (local.get $left)))
    (local.get $answer)
  )
)
