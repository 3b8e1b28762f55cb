// What systems/generated.full.ts runs in a Java virtual machine: arithmetic, recursion, virtual calls, maps, arrays of floating point.
import java.util.*;
public class Work {
  interface Shape { double area(); }
  record Circle(double r) implements Shape { public double area() { return Math.PI * r * r; } }
  record Square(double a) implements Shape { public double area() { return a * a; } }
  static int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
  public static void main(String[] args) {
    int most = Integer.parseInt(args[0]);
    long hash = 0;
    for (int i = 0; i < most * 100000; i++) hash = hash * 6364136223846793005L + (hash >>> 33) + i;
    System.out.println("hash " + hash);
    System.out.println("fibonacci " + fibonacci(20 + most / 2));
    double sum = 0;
    Shape[] shapes = new Shape[1000];
    for (int i = 0; i < 1000; i++) shapes[i] = i % 3 == 0 ? new Circle(i) : new Square(i);
    for (int round = 0; round < most * 20; round++) for (Shape one : shapes) sum += one.area();
    System.out.println("areas " + sum);
    Map<String, Integer> words = new TreeMap<>();
    for (int i = 0; i < most * 2000; i++) words.merge("w" + (i * 7919L % 1009), 1, Integer::sum);
    System.out.println("words " + words.size() + " " + words.hashCode());
    double[] x = new double[4096];
    for (int i = 0; i < x.length; i++) x[i] = Math.sqrt(i) / (i + 1);
    for (int round = 0; round < most * 10; round++) for (int i = 1; i < x.length; i++) x[i] = x[i] * 0.75 + x[i - 1] * 0.25;
    System.out.println("filter " + Arrays.hashCode(x));
  }
}
