; Boots a Linux kernel from a raw disk, for an emulator that can load nothing but disks. The sector behind this one is a
; table: pieces of the disk and where in memory they belong. The setup part of the kernel (its header already filled in)
; must be among them at 90000h (Documentation/x86/boot.rst).
bits 16
org 0x7c00

TABLE   equ 0x7e00              ; entries of 12 bytes: first sector, count of sectors (0 ends), address
BUFFER  equ 0x1000              ; segment through which everything goes
MOST    equ 64                  ; sectors at once

start:
    jmp 0:main
main:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    mov [drive], dl
    in al, 0x92                 ; the A20 gate
    or al, 2
    out 0x92, al
    mov word [packet.count], 1  ; the table
    mov dword [packet.sector], 1
    mov dword [packet.address], TABLE
    call read
    mov word [packet.address], 0
    mov word [packet.address + 2], BUFFER
    mov bx, TABLE
piece:
    mov eax, [bx]
    mov ecx, [bx + 4]
    mov edi, [bx + 8]
    add bx, 12
    test ecx, ecx
    jz enter
part:
    mov edx, MOST
    cmp ecx, edx
    jae .read
    mov edx, ecx
.read:
    mov [packet.count], dx
    mov [packet.sector], eax
    pushad
    call read
    popad
    add eax, edx
    sub ecx, edx
    call copy
    test ecx, ecx
    jnz part
    jmp piece

enter:
    cli
    mov ax, 0x9000
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    mov sp, 0xe000
    sti
    jmp 0x9020:0

read:                           ; int 13h, extended read
    mov si, packet
    mov ah, 0x42
    mov dl, [drive]
    int 0x13
    jc $
    ret

copy:                           ; EDX sectors from the buffer to EDI, which moves on
    push eax
    push ecx
    cli
    lgdt [descriptors]          ; ES gets a limit of 4 GiB, and keeps it in real mode
    mov eax, cr0
    or al, 1
    mov cr0, eax
    mov cx, 8
    mov es, cx
    and al, 0xfe
    mov cr0, eax
    xor cx, cx
    mov es, cx
    mov cx, BUFFER
    mov ds, cx
    xor esi, esi
    mov ecx, edx
    shl ecx, 7
    cld
    a32 rep movsd
    mov ds, cx                  ; CX is 0
    sti
    pop ecx
    pop eax
    ret

drive:  db 0
align 4
packet: db 16, 0
.count: dw 0
.address: dd 0
.sector: dq 0
descriptors:
    dw table_end - table - 1
    dd table
align 8
table:
    dq 0
    dq 0x00cf92000000ffff
table_end:

times 510 - ($ - $$) db 0
    dw 0xaa55
